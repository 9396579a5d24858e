import { describe, expect, it } from 'vitest';
import type { Basis } from '../../record/index.ts';
import { armWorld, type MadeUpArms } from '../made-up/arm-world.ts';
import { exercise, verdicts } from '../made-up/coverage-world.ts';
import { SETTING, worldResults } from '../made-up/world.ts';
import { REAL } from '../scale.ts';
import type { TrainTrial, Trial } from '../trial.ts';
import { adaptation } from './adaptation.ts';
import { equalLoss } from './equal-loss.ts';
import { fixedK } from './fixed-k.ts';
import { predictor } from './predictor.ts';

const REAL_SETTING = { ...SETTING, name: 'real', kind: 'real' as const, frameRank: 64 };

const COVERS: Partial<Record<Basis, number>> = {
  svd: 0.003,
  'svd-minor': 0.002,
  random: 0.0025,
  gradient: 0.014,
  natural: 0.007,
  activation: 0.005,
};
/** Ranked otherwise than by coverage. */
const TEACHES: Partial<Record<Basis, number>> = {
  svd: 3,
  'svd-minor': 1,
  random: 2,
  gradient: 6,
  natural: 20,
  activation: 10,
};

const figures: Pick<MadeUpArms, 'coverage' | 'natural'> = {
  coverage: ({ basis, rank }) => COVERS[basis]! * rank,
  natural: ({ basis, rank }) => TEACHES[basis]! * rank ** 0.3,
};

/** ν and the number of parameters make the loss. */
const byNatural = armWorld({
  ...figures,
  loss: ({ basis, rank, parameters }) =>
    7 - 0.1 * Math.log(parameters) - 0.25 * Math.log(TEACHES[basis]! * rank ** 0.3),
});
/** Coverage makes the loss, and nothing else does. */
const byCoverage = armWorld({ ...figures, loss: ({ basis, rank }) => 6 - COVERS[basis]! * rank });
/** More coverage is worse; all other things are as coverage would have them. */
const againstCoverage = armWorld({
  ...figures,
  natural: ({ basis, rank }) => rank / COVERS[basis]!,
  loss: ({ basis, rank }) => 5 + COVERS[basis]! * rank,
});
/** The basis does not matter. */
const byParameters = armWorld({ ...figures, loss: ({ parameters }) => 7 - 0.1 * Math.log(parameters) });

const trainTrials = (trials: readonly Trial[]): TrainTrial[] =>
  trials.filter((trial): trial is TrainTrial => trial.kind === 'train');

const armsOf = (trials: readonly Trial[]): Set<string> =>
  new Set(
    trainTrials(trials).map(({ family, basis, rank, layers }) => [family, basis, rank, layers].join(' ')),
  );

describe('fixed-k', () => {
  it('confirms coverage where coverage makes the loss', () => {
    expect(verdicts(fixedK, worldResults(byCoverage))).toMatchObject({
      'coverage-largest': 'confirmed',
      'coverage-quarter': 'confirmed',
      'natural-largest': 'refuted',
      'any-basis-largest': 'refuted',
    });
  });

  it('refutes coverage where more of it is worse, and finds that ν does better', () => {
    expect(verdicts(fixedK, worldResults(againstCoverage))).toMatchObject({
      'coverage-largest': 'refuted',
      'coverage-quarter': 'refuted',
      'natural-largest': 'confirmed',
      'natural-quarter': 'confirmed',
    });
  });

  it('confirms that any basis does where none matters, and leaves the correlation with noise open', () => {
    const found = verdicts(fixedK, worldResults(byParameters));
    expect(found['any-basis-largest']).toBe('confirmed');
    expect(found['coverage-largest']).toBe('inconclusive');
  });

  it('goes through at every scale and on a real model', () => {
    expect(exercise(fixedK, byNatural)).toEqual({ full: [], quick: [] });
    const real = worldResults(byNatural, REAL, REAL_SETTING);
    expect(fixedK.claims.filter((claim) => claim.measure(real) === null)).toEqual([]);
  });
});

describe('predictor', () => {
  it('confirms the law where parameters and ν make the loss', () => {
    expect(verdicts(predictor, worldResults(byNatural))).toMatchObject({
      coverage: 'refuted',
      'natural-within-k': 'confirmed',
      'sketch-law': 'confirmed',
      'fitted-law': 'confirmed',
      'natural-over-coverage': 'confirmed',
    });
  });

  it('confirms coverage where it alone makes the loss, and refutes ν', () => {
    expect(verdicts(predictor, worldResults(byCoverage))).toMatchObject({
      coverage: 'confirmed',
      'natural-within-k': 'refuted',
      'natural-over-coverage': 'refuted',
    });
  });

  it('finds parameters ahead of ν where they make the loss, and no law better than them', () => {
    const found = verdicts(predictor, worldResults(byParameters));
    expect(found['natural-not-across-k']).toBe('confirmed');
    expect(found['sketch-law']).not.toBe('confirmed');
  });

  it('tells a pilot that knows from one that does not', () => {
    const pilots = (knows: boolean) =>
      armWorld({
        ...figures,
        loss: ({ rank, basis }, step) =>
          step < 40 && !knows ? 5 : 6 - 0.01 * rank - 0.3 * Math.sin(basis.length + 3 * rank),
        noise: 0.001,
      });
    expect(verdicts(predictor, worldResults(pilots(true))).pilot).toBe('confirmed');
    const worse = armWorld({
      ...figures,
      loss: ({ basis, rank, parameters }, step) =>
        step < 40 ? rank : 7 - 0.1 * Math.log(parameters) - 0.1 * Math.log(TEACHES[basis]! * rank ** 0.3),
    });
    expect(verdicts(predictor, worldResults(worse)).pilot).toBe('refuted');
  });

  it('gives a perfect quantity 1 in the table, and families without ν none', () => {
    const [table] = predictor.tables(worldResults(byCoverage));
    const row = table!.rows.find(([name]) => name === 'coverage')!;
    expect((row[1] as { mean: number }).mean).toBeCloseTo(1, 2);
    const natural = table!.rows.find(([name]) => name === 'held-out ν')!;
    expect(natural[4]).toBeNull();
    expect(natural[3]).not.toBeNull();
  });

  it('goes through at every scale and on a real model', () => {
    expect(exercise(predictor, byNatural)).toEqual({ full: [], quick: [] });
    const real = worldResults(byNatural, REAL, REAL_SETTING);
    expect(predictor.claims.filter((claim) => claim.measure(real) === null)).toEqual([]);
    expect(() => predictor.tables(real)).not.toThrow();
  });
});

describe('equal-loss', () => {
  /** Natural frames need a tenth of the parameters that others need. */
  const tenth = (factor: number) =>
    armWorld({
      ...figures,
      loss: ({ basis, parameters }) => 7 - 0.1 * Math.log(parameters * (basis === 'natural' ? factor : 1)),
    });

  it('confirms 7 to 16 times where it is 10', () => {
    const results = worldResults(tenth(10));
    expect(verdicts(equalLoss, results)).toEqual({
      'natural-fewer-largest': 'confirmed',
      'natural-7-to-16-largest': 'confirmed',
      'natural-fewer-second': 'confirmed',
      'natural-7-to-16-second': 'confirmed',
      'natural-over-gradient': 'confirmed',
      'natural-over-random': 'confirmed',
      'natural-over-plain-lora': 'confirmed',
    });
    const ratio = equalLoss.tables(results)[1]!.rows.find(([basis]) => basis === 'natural')![1];
    expect((ratio as { mean: number }).mean).toBeCloseTo(10, 0);
  });

  it('refutes it where it is 3, and where it is a third', () => {
    expect(verdicts(equalLoss, worldResults(tenth(3)))).toMatchObject({
      'natural-fewer-largest': 'confirmed',
      'natural-7-to-16-largest': 'refuted',
    });
    expect(verdicts(equalLoss, worldResults(tenth(1 / 3)))).toMatchObject({
      'natural-fewer-second': 'refuted',
      'natural-7-to-16-second': 'refuted',
      'natural-over-random': 'refuted',
      'natural-over-plain-lora': 'refuted',
    });
  });

  it('says where a curve does not enclose the loss', () => {
    const results = worldResults(tenth(1e6));
    const claim = equalLoss.claims.find(({ id }) => id === 'equal-loss/natural-fewer-largest')!;
    expect(claim.why(results)).toMatch(/smallest K is already below that loss: the ratio is a lower bound/);
    expect(equalLoss.tables(results)[1]!.rows.find(([basis]) => basis === 'natural')![2]).toMatch(/^0 of/);
  });

  it('goes through at every scale and on a real model', () => {
    expect(exercise(equalLoss, tenth(10))).toEqual({ full: [], quick: [] });
    const real = worldResults(tenth(10), REAL, REAL_SETTING);
    expect(equalLoss.claims.filter((claim) => claim.measure(real) === null)).toEqual([]);
  });
});

describe('adaptation', () => {
  it('confirms natural frames where they end lower, at both lengths', () => {
    expect(verdicts(adaptation, worldResults(byNatural))).toEqual({
      'natural-over-svd-short': 'confirmed',
      'natural-over-svd-long': 'confirmed',
      'natural-over-plain-lora-short': 'confirmed',
      'natural-over-plain-lora-long': 'confirmed',
    });
  });

  it('refutes them where they end higher in the long run only', () => {
    const late = armWorld({
      ...figures,
      loss: ({ basis }, step) => 5 + (basis === 'natural' ? (step > 40 ? 0.1 : -0.1) : 0),
    });
    expect(verdicts(adaptation, worldResults(late))).toEqual({
      'natural-over-svd-short': 'confirmed',
      'natural-over-svd-long': 'refuted',
      'natural-over-plain-lora-short': 'confirmed',
      'natural-over-plain-lora-long': 'refuted',
    });
  });

  it('shows perplexity before and after, and parameters that are nearly equal', () => {
    const results = worldResults(byNatural);
    const { rows } = adaptation.tables(results)[0]!;
    expect(rows[0]!.slice(0, 4)).toEqual(['CT-LoRA (core, svd)', 64, 65536, expect.closeTo(Math.exp(6), 6)]);
    const equal = rows.filter(([name]) => !/diagonal|full/.test(String(name)));
    for (const [, , parameters] of equal) expect(Number(parameters) / 65536).toBeCloseTo(1, 1);
    const after = rows[1]![4] as { mean: number };
    expect(Math.log(after.mean)).toBeCloseTo(7 - 0.1 * Math.log(65536) - 0.25 * Math.log(20 * 64 ** 0.3), 2);
  });

  it('goes through at every scale', () => {
    expect(exercise(adaptation, byNatural)).toEqual({ full: [], quick: [] });
  });
});

describe('what these experiments spend', () => {
  it('is 14 arms on a real model, all of them short', () => {
    const real = worldResults(byNatural, REAL, REAL_SETTING);
    const trials = [fixedK, predictor, equalLoss].flatMap((experiment) => experiment.trials(real));
    expect(armsOf(trials).size).toBe(14);
    expect(Math.max(...trainTrials(trials).map(({ steps }) => steps))).toBe(REAL.shortSteps);
  });
});
