import { describe, expect, it } from 'vitest';
import type { LayerRole, LinearLayer } from '../models/index.ts';
import { summarizeSpectra } from './spectrum.ts';
import { type MeasuredLayer, summarizeGroup, summarizeModuleTypes } from './summarize.ts';

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

describe('types of modules', () => {
  const SETTINGS = { families: ['core'], ranks: [1], ridge: 0.3 } as const;
  const named = (name: string, role: LayerRole) => ({ name, role }) as LinearLayer;
  const measured = (name: string, norm: number, energy: number): MeasuredLayer => {
    const one = layer([norm, norm], [norm], [energy, energy], [energy]);
    return { ...one, measurement: { ...one.measurement, name } };
  };
  const layers = [
    named('h.0.attn.c_attn', 'query-key-value'),
    named('h.0.attn.c_proj', 'output'),
    named('h.0.mlp.c_proj', 'down'),
    named('h.1.attn.c_attn', 'query-key-value'),
    named('h.1.attn.c_proj', 'output'),
    named('h.1.mlp.c_proj', 'down'),
  ];
  const finished = [
    measured('h.0.attn.c_attn', 1, 0.5),
    measured('h.0.attn.c_proj', 2, 1),
    measured('h.1.attn.c_attn', 3, 0.1),
    measured('h.1.attn.c_proj', 4, 1),
  ];

  it('are pooled over their layers, energies before roots, and named as PEFT targets them', () => {
    const types = summarizeModuleTypes(finished, layers, SETTINGS);
    expect(types.map(({ role, name, layers: count }) => [role, name, count])).toEqual([
      ['query-key-value', 'c_attn', 2],
      ['output', 'attn.c_proj', 2],
    ]);
    const energies = types.map(({ bases }) => bases[0]!.families[0]!.points[0]!.energy.mean);
    expect(energies[0]).toBeCloseTo(0.6 / 4, 12);
    expect(energies[1]).toBeCloseTo(2 / 6, 12);
    expect(types.map(({ energyShare }) => energyShare)).toEqual([0.4, 0.6]);
  });

  it('are the whole where all layers are of one', () => {
    const alike = layers.map(({ name }) => named(name, 'up'));
    const [only, ...others] = summarizeModuleTypes(finished, alike, SETTINGS);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ energyShare: 1, ...summarizeGroup(finished, SETTINGS) });
  });
});
