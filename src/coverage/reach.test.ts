import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { type LayerReach, signalCoverage, summarizeReach } from './reach.ts';

const layer = (
  norms: number[],
  reached: number[],
  pairNorms: number[] = [],
  pairReached: number[] = [],
  nullEnergy = 0.1,
): LayerReach => ({
  inner: { batches: norms, pairs: pairNorms },
  reached: { batches: reached, pairs: pairReached },
  nullEnergy,
});

describe('what frames reach', () => {
  it('sums energies over layers before it takes a ratio, and the root last', () => {
    // Batches reach (1 + 8) / (4 + 32) = 1/4 and (4 + 12) / (5 + 20) = 16/25; layer by layer it would be other numbers.
    const { coverage, energy, nullEnergy, gain } = summarizeReach([
      layer([4, 5], [1, 4], [], [], 0.1),
      layer([32, 20], [8, 12], [], [], 0.5),
    ]);
    expect(energy.mean).toBeCloseTo((1 / 4 + 16 / 25) / 2, 14);
    expect(coverage.mean).toBeCloseTo((1 / 2 + 4 / 5) / 2, 14);
    // Random frames are weighed by what flows: (9 · 0.1 + 52 · 0.5) / 61.
    expect(nullEnergy).toBeCloseTo(26.9 / 61, 14);
    expect(gain.mean).toBeCloseTo(energy.mean / nullEnergy, 12);
    expect(gain.high).toBeCloseTo(energy.high / nullEnergy, 12);
  });

  it('reaches nothing where no gradient flows, and gives no NaN', () => {
    const nothing = { mean: 0, low: 0, high: 0 };
    const found = summarizeReach([layer([0, 0], [0, 0], [0], [0]), layer([0, 0], [0, 0], [0], [0], 0.3)]);
    expect(found).toMatchObject({ coverage: nothing, energy: nothing, gain: nothing, signalCoverage: null });
    // All layers alike, as none has a gradient to weigh by.
    expect(found.nullEnergy).toBeCloseTo(0.2, 14);
  });

  it('cuts rounding above the whole gradient, and below nothing', () => {
    const { coverage, energy } = summarizeReach([layer([1, 1], [1 + 1e-6, -1e-9])]);
    expect(energy.mean).toBe(0.5);
    expect(coverage.mean).toBe(0.5);
    expect(coverage.high).toBe(1);
  });
});

describe('coverage of the expected gradient', () => {
  it('finds it behind noise that batches cannot look through', () => {
    // G = (3, 4) in two dimensions, P keeps the first: the coverage is 3/5. Noise of variance 9 in each.
    const rng = createRng(5);
    const draw = (): [number, number] => [3 + 3 * rng.normal(), 4 + 3 * rng.normal()];
    const pairs = Array.from({ length: 500 }, () => [draw(), draw()] as const);
    const reached = pairs.map(([a, b]) => a[0] * b[0]);
    const norms = pairs.map(([a, b], i) => reached[i]! + a[1] * b[1]);
    const { mean, low, high } = signalCoverage(reached, norms)!;
    expect(low).toBeLessThan(0.6);
    expect(high).toBeGreaterThan(0.6);
    expect(high - low).toBeLessThan(0.2);
    expect(Math.abs(mean - 0.6)).toBeLessThan(0.05);
    // A batch alone sees the noise, which fills both dimensions alike: (9 + 9) / (25 + 18) of the energy.
    const alone = pairs.map(([a]) => layer([a[0] ** 2 + a[1] ** 2], [a[0] ** 2]));
    const seen = alone.map((one) => summarizeReach([one]).energy.mean);
    expect(seen.reduce((sum, value) => sum + value, 0) / seen.length).toBeGreaterThan(0.4);
  });

  it('is the ratio of the sums, not the mean of the ratios', () => {
    expect(signalCoverage([1, 0], [1, 3])!.mean).toBeCloseTo(0.5, 14);
  });

  it('is 0 where the projected product is negative, with the interval of its energy', () => {
    expect(signalCoverage([-1], [2])).toEqual({ mean: 0, low: 0, high: 0 });
    const { mean, high } = signalCoverage([-0.3, 0.2, 0], [1, 1, 1])!;
    expect(mean).toBe(0);
    expect(high).toBeGreaterThan(0.5);
  });

  it('is null where the whole gradients share nothing that can be measured', () => {
    for (const norms of [[], [0], [-1], [2, -2], [1, -3]]) {
      expect(
        signalCoverage(
          norms.map(() => 0.5),
          norms,
        ),
      ).toBeNull();
    }
  });

  it('is at most 1', () => {
    expect(signalCoverage([3], [2])!.mean).toBe(1);
  });

  it('has no bounded interval where one pair carries all of the shared signal', () => {
    // Without the first pair the others' product is −0.1.
    expect(signalCoverage([2, 0.1, 0], [4, 0.1, -0.2])).toEqual({
      mean: Math.sqrt(2.1 / 3.9),
      low: 0,
      high: 1,
    });
  });
});
