import { describe, expect, it } from 'vitest';
import { coverageWorld, exercise, verdicts, wobble } from '../made-up/coverage-world.ts';
import { type World, worldResults } from '../made-up/world.ts';
import { hingeLaw, leaveOneOutError, smoothLaw } from '../readings/threshold-fit.ts';
import { SOURCE_LOSSES, SOURCE_START_COVERAGE } from './source-tables.ts';
import { saving, threshold } from './threshold.ts';

const coverageOf = (rank: number): number => 0.00205 * rank;

const world = (loss: (coverage: number) => number): World => ({
  ...coverageWorld(({ rank, seed }) => coverageOf(rank) * (1 + 0.003 * wobble(seed))),
  loss: ({ rank, learningRate, seed }) =>
    loss(coverageOf(rank)) + Math.abs(Math.log(learningRate / 0.01)) + 0.004 * wobble(seed * 2 + rank),
});

const smooth = world((coverage) => 7.8 - 13 * coverage);
const hinged = world((coverage) => 7.8 - 13 * Math.max(0, coverage - 0.05));

describe('the laws', () => {
  const x = [0.004, 0.008, 0.016, 0.033, 0.066, 0.131];

  it('foretell their own kind without error, and each other’s with one', () => {
    const line = x.map((at) => 3 - 2 * at);
    expect(leaveOneOutError(smoothLaw, x, line)).toBeCloseTo(0, 12);
    expect(leaveOneOutError(hingeLaw, x, line)).toBeGreaterThan(0.02);
    const bent = x.map((at) => 3 - 2 * Math.max(0, at - 0.05));
    expect(leaveOneOutError(smoothLaw, x, bent)).toBeGreaterThan(0.02);
    const inside = [0.01, 0.03, 0.06, 0.08, 0.12, 0.15];
    const foretold = hingeLaw(
      inside,
      inside.map((at) => 3 - 2 * Math.max(0, at - 0.05)),
    );
    expect(foretold(0.02)).toBeCloseTo(3, 12);
    expect(foretold(0.1)).toBeCloseTo(2.9, 12);
  });

  it('find no threshold in the source’s own table', () => {
    const hinge = leaveOneOutError(hingeLaw, SOURCE_START_COVERAGE, SOURCE_LOSSES);
    expect(hinge).toBeGreaterThan(2 * leaveOneOutError(smoothLaw, SOURCE_START_COVERAGE, SOURCE_LOSSES));
    expect(saving(SOURCE_START_COVERAGE, SOURCE_LOSSES, 0, 3)).toBeCloseTo((7.7594 - 7.2428) / 0.03, 9);
  });
});

describe('threshold', () => {
  it('is confirmed in a world with a dead zone', () => {
    expect(verdicts(threshold, worldResults(hinged))).toEqual({
      hinge: 'confirmed',
      'dead-zone': 'confirmed',
    });
  });

  it('is refuted in a world without', () => {
    expect(verdicts(threshold, worldResults(smooth))).toEqual({ hinge: 'refuted', 'dead-zone': 'refuted' });
    const logarithmic = world((coverage) => 6 - 0.3 * Math.log(coverage));
    expect(verdicts(threshold, worldResults(logarithmic))).toEqual({
      hinge: 'refuted',
      'dead-zone': 'refuted',
    });
  });

  it('goes through at every scale', () => {
    expect(exercise(threshold, smooth)).toEqual({ full: [], quick: [] });
  });
});
