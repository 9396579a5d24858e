import { describe, expect, it } from 'vitest';
import { coverageWorld, exercise, expectedCoverage, verdicts, wobble } from '../made-up/coverage-world.ts';
import { worldResults } from '../made-up/world.ts';
import { paper87A } from './paper87-a.ts';

/** Coverage a · K^b, growing by a factor until the last step. */
const world = (a: number, b: number, growth: number) =>
  coverageWorld(
    ({ rank, step, seed }) => a * rank ** b * growth ** ((step - 1) / 39) * (1 + 0.004 * wobble(seed + step)),
  );

/** The source's law on a model whose null is K/512. */
const source = world(0.00205, 1, 1.2);

describe('paper87-a', () => {
  it('confirms the source in a world that follows its law', () => {
    expect(verdicts(paper87A, worldResults(source))).toEqual({
      doubling: 'confirmed',
      linear: 'confirmed',
      uniform: 'confirmed',
      'grows-slightly': 'confirmed',
      'regime-quarter': 'confirmed',
      'regime-half': 'confirmed',
      'regime-largest': 'confirmed',
    });
  });

  it('refutes it where leading directions are privileged and coverage falls', () => {
    expect(verdicts(paper87A, worldResults(world(0.06, 0.5, 0.8)))).toEqual({
      doubling: 'refuted',
      linear: 'refuted',
      uniform: 'refuted',
      'grows-slightly': 'refuted',
      'regime-quarter': 'refuted',
      'regime-half': 'refuted',
      'regime-largest': 'confirmed',
    });
  });

  it('lays its table out as the source does', () => {
    const exact = worldResults(
      coverageWorld(({ family, rank, step }) => expectedCoverage(family, rank) + step / 1e4),
    );
    const [coverage, fits] = paper87A.tables(exact);
    expect(coverage!.columns).toEqual(coverage!.source!.columns);
    expect(coverage!.rows.map(([rank]) => rank)).toEqual(coverage!.source!.rows.map(([rank]) => rank));
    expect(coverage!.rows[5]![4]).toMatchObject({ mean: 64 / 512 + 0.004 });
    expect(coverage!.source!.rows[5]![4]).toBe(0.157);
    const [, slope, exponent] = fits!.source!.rows[0]!;
    expect(slope).toBeCloseTo(0.00206, 5);
    expect(exponent).toBeCloseTo(1.0703, 4);
  });

  it('goes through at every scale', () => {
    expect(exercise(paper87A, source)).toEqual({ full: [], quick: [] });
  });

  it('asks for observed runs of the largest K alone, and for those that find its learning rate', () => {
    const trials = paper87A.trials(worldResults(source));
    const observed = trials.filter((trial) => trial.kind === 'train' && trial.observe !== undefined);
    expect(observed.map(({ seed }) => seed)).toEqual([0, 1, 2, 3, 4]);
    expect(trials.every((trial) => trial.kind === 'train' && trial.rank === 64)).toBe(true);
    expect(trials.filter(({ seed }) => seed !== 0)).toHaveLength(4);
  });
});
