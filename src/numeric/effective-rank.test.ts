import { describe, expect, it } from 'vitest';
import { effectiveRank } from './effective-rank.ts';

describe('effectiveRank', () => {
  it('counts equal singular values, zeros left out', () => {
    const rank = effectiveRank([3, 0, 3, 3, 0]);
    expect(rank.entropic).toBeCloseTo(3, 12);
    expect(rank.stable).toBeCloseTo(3, 12);
    expect(rank.participation).toBeCloseTo(3, 12);
  });

  it('follows its formulas', () => {
    // σ = 4, 2, 1, 1: p = 1/2, 1/4, 1/8, 1/8 has an entropy of 1.75 bits.
    const rank = effectiveRank(Float64Array.of(1, 4, 1, 2));
    expect(rank.entropic).toBeCloseTo(2 ** 1.75, 12);
    expect(rank.stable).toBeCloseTo(22 / 16, 12);
    expect(rank.participation).toBeCloseTo(22 ** 2 / (256 + 16 + 1 + 1), 12);
  });

  it('does not depend on scale', () => {
    expect(effectiveRank([4e-200, 2e-200])).toEqual(effectiveRank([4, 2]));
    expect(effectiveRank([4e200, 2e200])).toEqual(effectiveRank([4, 2]));
  });

  it('is 0 for a zero matrix and refuses what cannot be singular values', () => {
    expect(effectiveRank([0, 0])).toEqual({ entropic: 0, stable: 0, participation: 0 });
    expect(effectiveRank([])).toEqual({ entropic: 0, stable: 0, participation: 0 });
    expect(() => effectiveRank([1, -1])).toThrow('not negative');
    expect(() => effectiveRank([1, Number.NaN])).toThrow('finite');
  });
});
