import { describe, expect, it } from 'vitest';
import { summarizeSpectra } from './spectrum.ts';
import { type MeasuredLayer, summarizeGroup } from './summarize.ts';

/** A 2×2 layer with one frame of rank 1: squared norms per batch, products of pairs, and the energies of both. */
function layer(norms: number[], pairs: number[], energies: number[], pairEnergies: number[]): MeasuredLayer {
  const curve = (value: number) => Float64Array.of(value);
  const core = { batches: energies.map(curve), pairs: pairEnergies.map(curve) };
  return {
    measurement: { name: 'h', inFeatures: 2, outFeatures: 2, inner: { batches: norms, pairs } },
    spectrum: summarizeSpectra([Float64Array.from(norms[0] === 0 ? [0, 0] : [1, 0])]),
    bases: [{ basis: 'svd', draws: [{ rank: 1, energies: new Map([['core', core]]) }], natural: null }],
  } as unknown as MeasuredLayer;
}
const pointOf = (one: MeasuredLayer) =>
  summarizeGroup([one], { families: ['core'], ranks: [1], ridge: 0.3 }).bases[0]!.families[0]!.points[0]!;

describe('coverage of the expected gradient', () => {
  it('has an interval where noise gives it a negative energy, as four batches often do', () => {
    const { signalCoverage } = pointOf(layer([1, 1, 1, 1], [0.5, 0.5], [0.1, 0.1, 0.1, 0.1], [-0.2, 0.1]));
    // Energies over norms are −0.4 and 0.2: their mean is −0.1, the error 0.3, Student's quantile on one degree 12.7.
    expect(signalCoverage).toEqual({ mean: 0, low: 0, high: 1 });
  });

  it('is the root of the energy’s interval', () => {
    const ratios = [0.4, 0.401, 0.399];
    const { mean, low, high } = pointOf(layer([1, 1, 1, 1, 1, 1], [1, 1, 1], Array(6).fill(0.5), ratios))
      .signalCoverage!;
    const reach = (4.30265 * 0.001) / Math.sqrt(3);
    for (const [found, exact] of [
      [mean, 0.4],
      [low, 0.4 - reach],
      [high, 0.4 + reach],
    ])
      expect(found! ** 2).toBeCloseTo(exact!, 7);
  });
});

it('gives a layer without any gradient no label', () => {
  expect(pointOf(layer([0, 0], [0], [0, 0], [0])).regime).toBeNull();
  expect(pointOf(layer([1, 1], [1], [0, 0], [0])).regime).toBe('under-threshold');
});
