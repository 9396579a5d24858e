import { describe, expect, it } from 'vitest';
import type { Experiment } from '../experiment.ts';
import { armWorld } from '../made-up/arm-world.ts';
import { exercise, verdicts } from '../made-up/coverage-world.ts';
import { SETTING, worldResults } from '../made-up/world.ts';
import { candidateRanks } from '../readings/source-ranks.ts';
import { FULL } from '../scale.ts';
import { kRule } from './k-rule.ts';

const figures = { coverage: () => 0.1, natural: () => 1 };

/** A loss with its least at the K that `best` names, rising by `slope` with every doubling away from it. */
const bestAt = (best: (steps: number) => number, slope: number) =>
  armWorld({
    ...figures,
    loss: ({ rank }, steps) => 5 - 0.001 * steps + slope * Math.abs(Math.log2(rank / best(steps))),
  });

/** What the source says. */
const asAdvised = bestAt((steps) => {
  if (steps < 10) return 256;
  if (steps < 100) return 64;
  return steps < 400 ? 32 : 8;
}, 0.02);

/** Wide is always best, and by far. */
const widest = bestAt(() => 256, 0.1);

const verdictsOf = (world: typeof widest, experiment: Experiment = kRule) =>
  verdicts(experiment, worldResults(world));

describe('k-rule', () => {
  it('confirms the rule where it holds', () => {
    expect(verdictsOf(asAdvised)).toEqual({
      'below-10': 'confirmed',
      '10-30-quality-of-sweep': 'confirmed',
      '10-30-quality': 'confirmed',
      '10-30-parameters': 'confirmed',
      '30-60-of-sweep': 'confirmed',
      '30-60': 'confirmed',
      '60-sufficient': 'confirmed',
      '60-sufficient-longest': 'confirmed',
      'extreme-sufficient': 'confirmed',
      'extreme-efficient': 'confirmed',
    });
  });

  it('refutes what a world has otherwise in which wide is best: only the sweep’s own edge holds', () => {
    expect(verdictsOf(widest)).toEqual({
      'below-10': 'confirmed',
      '10-30-quality-of-sweep': 'confirmed',
      '10-30-quality': 'refuted',
      '10-30-parameters': 'refuted',
      '30-60-of-sweep': 'confirmed',
      '30-60': 'refuted',
      '60-sufficient': 'refuted',
      '60-sufficient-longest': 'refuted',
      'extreme-sufficient': 'refuted',
      'extreme-efficient': 'confirmed',
    });
  });

  it('refutes the widest K and the many steps of a small one where small is best and steps harm', () => {
    const small = armWorld({
      ...figures,
      loss: ({ rank }, steps) => 5 + 0.1 * Math.log2(rank) + 0.002 * steps,
    });
    const found = verdictsOf(small);
    expect(found['below-10']).toBe('refuted');
    expect(found['30-60-of-sweep']).toBe('refuted');
    expect(found['extreme-efficient']).toBe('refuted');
  });

  it('compares the sweep and wider ranks', () => {
    expect(candidateRanks({ scale: FULL, setting: SETTING })).toEqual([2, 4, 8, 16, 32, 64, 128, 256]);
  });

  it('puts the measured best beside the five rows of the source', () => {
    const [table] = kRule.tables(worldResults(asAdvised));
    expect(table!.source!.rows).toHaveLength(5);
    expect(table!.rows.map(([, steps, advised, , best]) => [steps, advised, best])).toEqual([
      [5, 256, 256],
      [20, 64, 64],
      [45, 64, 64],
      [100, 32, 32],
      [400, 8, 8],
    ]);
  });

  it('goes through at every scale', () => {
    expect(exercise(kRule, asAdvised)).toEqual({ full: [], quick: [] });
  });
});
