import { describe, expect, it } from 'vitest';
import { coverageWorld, exercise, expectedCoverage, verdicts, wobble } from '../made-up/coverage-world.ts';
import { worldResults } from '../made-up/world.ts';
import { paper87C } from './paper87-c.ts';

/** Every frame at a multiple of the null; the seed moves all frames alike, as batches do, and a little each. */
const world = (svd: number, gradient: number) =>
  coverageWorld(({ basis, family, rank, seed }) => {
    const factor = basis === 'svd' ? svd : basis === 'gradient' ? gradient : 1;
    const own = 0.004 * wobble(seed + basis.length);
    return expectedCoverage(family, rank) * factor * (1 + 0.1 * wobble(seed)) * (1 + own);
  });

describe('paper87-c', () => {
  it('confirms where no frame is better than a random one', () => {
    expect(verdicts(paper87C, worldResults(world(1, 1)))).toEqual({
      'equal-eighth': 'confirmed',
      'equal-half': 'confirmed',
      'equal-largest': 'confirmed',
      'any-frame': 'confirmed',
    });
  });

  it('refutes where SVD or gradient frames are', () => {
    expect(verdicts(paper87C, worldResults(world(2.8, 1)))).toMatchObject({
      'equal-eighth': 'refuted',
      'equal-largest': 'refuted',
      'any-frame': 'confirmed',
    });
    expect(verdicts(paper87C, worldResults(world(1, 5)))).toMatchObject({
      'equal-largest': 'confirmed',
      'any-frame': 'refuted',
    });
  });

  it('pairs by seed: ratios do not feel what moves both frames', () => {
    const sample = paper87C.claims[2]!.measure(worldResults(world(1.5, 1)));
    const values = sample !== null && 'values' in sample ? sample.values : [];
    expect(values).toHaveLength(5);
    for (const value of values) expect(Math.abs(value - 1.5)).toBeLessThan(0.01);
  });

  it('has the rows and columns of the source’s table', () => {
    const [table] = paper87C.tables(worldResults(world(1, 1)));
    expect(table!.columns).toEqual(table!.source!.columns);
    expect(table!.rows.map(([rank]) => rank)).toEqual([8, 32, 64]);
  });

  it('goes through at every scale', () => {
    expect(exercise(paper87C, world(1, 1))).toEqual({ full: [], quick: [] });
  });
});
