import { describe, expect, it } from 'vitest';
import { mean, studentInterval } from '../numeric/index.ts';
import type { Basis } from '../record/index.ts';
import { compareBases } from './compare-bases.ts';
import type { MeasuredLayer } from './summarize.ts';

/** One layer of norm 1 whose core energies per batch are the squares of these coverages; ν from passes, one rank. */
function layer(
  coverages: Partial<Record<Basis, number[]>>,
  passes: Partial<Record<Basis, number[]>> = {},
): MeasuredLayer {
  const batches = Object.values(coverages)[0]!;
  const curve = (value: number) => Float64Array.of(value);
  return {
    measurement: { inner: { batches: batches.map(() => 1), pairs: [] } },
    spectrum: {},
    bases: Object.entries(coverages).map(([basis, values]) => {
      const each = passes[basis as Basis];
      return {
        basis,
        draws: [
          { rank: 1, energies: new Map([['core', { batches: values.map((v) => curve(v * v)), pairs: [] }]]) },
        ],
        natural:
          each === undefined
            ? null
            : {
                heldOut: curve(mean(each)),
                replicates: each.map((_, left) => curve(mean(each.filter((_, i) => i !== left)))),
              },
      };
    }),
  } as unknown as MeasuredLayer;
}
const SETTINGS = { families: ['core'] as const, ranks: [1], ridge: 0.3 };

describe('comparing bases', () => {
  const svd = [0.5, 0.52, 0.48, 0.51];
  const natural = svd.map((value, i) => value + [0.02, 0.01, 0.03, 0.02][i]!);

  it('pairs the batches: a small steady difference is told from a large common spread', () => {
    const [one] = compareBases([layer({ svd, natural })], SETTINGS);
    expect(one).toMatchObject({
      measure: 'coverage',
      family: 'core',
      rank: 1,
      leader: 'natural',
      batchesNeeded: 4,
    });
    const { mean: ahead, low, high } = studentInterval([0.02, 0.01, 0.03, 0.02]);
    const found = one!.differences[0]!.difference;
    for (const [got, exact] of [
      [found.mean, ahead],
      [found.low, low],
      [found.high, high],
    ])
      expect(got).toBeCloseTo(exact!, 12);
    // Apart, the two intervals overlap.
    expect(studentInterval(svd).high).toBeGreaterThan(studentInterval(natural).low);
  });

  it('says how many batches would tell, from the paired spread', () => {
    const ahead = [0.02, -0.01, 0.03, -0.01];
    const [one] = compareBases([layer({ svd, natural: svd.map((value, i) => value + ahead[i]!) })], SETTINGS);
    expect(one!.differences[0]!.difference.low).toBeLessThan(0);
    // Mean 0.0075, deviation 0.0206: (1.96 · 0.0206 / 0.0075)² is 29, and Student asks for a little more.
    expect(one!.batchesNeeded).toBeGreaterThan(29);
    expect(one!.batchesNeeded).toBeLessThan(34);
    const even = compareBases(
      [layer({ svd, natural: svd.map((v, i) => v + [0.01, -0.01, 0.01, -0.0099][i]!) })],
      SETTINGS,
    );
    expect(even[0]!.batchesNeeded).toBeNull();
  });

  it('widens the intervals where several others are compared', () => {
    const two = compareBases([layer({ svd, natural })], SETTINGS)[0]!;
    const three = compareBases([layer({ svd, natural, random: svd.map(() => 0.1) })], SETTINGS)[0]!;
    const half = ({ differences }: typeof two) => {
      const { low, high } = differences.find(({ basis }) => basis === 'svd')!.difference;
      return (high - low) / 2;
    };
    // Student's quantiles on 3 degrees of freedom at 0.975 and 0.9875.
    expect(half(three) / half(two)).toBeCloseTo(4.1765 / 3.1824, 3);
  });

  it('compares ν by leaving passes out, two batches each', () => {
    const passes = { svd: [1, 2, 3, 4], natural: [2, 2.5, 4, 4.5] };
    const found = compareBases([layer({ svd, natural }, passes)], SETTINGS).find(
      ({ measure }) => measure === 'natural',
    )!;
    expect(found).toMatchObject({ family: null, leader: 'natural' });
    // The jackknife of a mean is Student's interval.
    const { low, high } = studentInterval([1, 0.5, 1, 0.5]);
    expect(found.differences[0]!.difference.low).toBeCloseTo(low, 12);
    expect(found.differences[0]!.difference.high).toBeCloseTo(high, 12);
    expect(found.batchesNeeded).toBe(8);
  });

  it('says nothing from one batch or of one basis', () => {
    expect(compareBases([layer({ svd: [0.5], natural: [0.6] })], SETTINGS)).toEqual([]);
    expect(compareBases([layer({ svd })], SETTINGS)).toEqual([]);
  });
});
