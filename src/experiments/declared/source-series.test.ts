import { describe, expect, it } from 'vitest';
import type { Experiment } from '../experiment.ts';
import { exercise } from '../made-up/coverage-world.ts';
import { madeUpResults, madeUpWorld } from '../made-up/run-world.ts';
import { FULL, QUICK, REAL } from '../scale.ts';
import { paper81Schedule } from './paper81-schedule.ts';
import { paper82Deadzone } from './paper82-deadzone.ts';
import { paper83UpdateRank } from './paper83-update-rank.ts';
import { paper84 } from './paper84-64v32.ts';
import { paper85Ablate } from './paper85-ablate.ts';
import { paper86GradientRank } from './paper86-gradient-rank.ts';
import { paper88Direction } from './paper88-direction.ts';
import { paper88Monotone } from './paper88-monotone.ts';
import { svdAdvantages } from './svd-advantages.ts';

const EXPERIMENTS: readonly Experiment[] = [
  paper81Schedule,
  paper82Deadzone,
  paper83UpdateRank,
  paper84,
  paper85Ablate,
  paper86GradientRank,
  paper88Direction,
  paper88Monotone,
  svdAdvantages,
];

/** A smoke run has no rank an eighth of its largest within its steps, and reaches no coverage of 0.05. */
const BEYOND_A_SMOKE_RUN = ['paper82-deadzone/both-neighbours-parameters', 'paper88-direction/by-coverage'];

describe.each(EXPERIMENTS.map((one) => [one.name, one] as const))('%s', (_, experiment) => {
  it('makes whole tables and figures at both scales, and measures every claim', () => {
    const { full, quick } = exercise(experiment, madeUpWorld({}));
    expect(full).toEqual([]);
    expect(quick.filter((id) => !BEYOND_A_SMOKE_RUN.includes(id))).toEqual([]);
  });

  it.each([FULL, REAL, QUICK])(
    'draws something in every figure, and says numbers that are numbers',
    (scale) => {
      const results = madeUpResults({}, scale);
      for (const { title, series } of experiment.figures(results)) {
        expect(
          series.some(({ points }) => points.length > 0),
          title,
        ).toBe(true);
      }
      const measured = experiment.claims.filter((claim) => claim.measure(results) !== null);
      for (const claim of measured) expect(claim.why(results), claim.id).toMatch(/^(?!.*(NaN|Infinity)).*\d/);
      expect(experiment.notes(results).join(' ')).not.toMatch(/NaN|undefined|null|Infinity/);
    },
  );
});
