/** The worked example of docs/concepts.md: every number in it is computed here, and must stand there. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outputName, type StackPart, stackOutputName } from '../src/coverage/collect.ts';
import {
  addPass,
  dimension,
  emptyMeasurement,
  type LayerMeasurement,
  type MeasurePlan,
  naturalCurves,
  nullEnergy,
  parameterCount,
  Whitener,
} from '../src/coverage/index.ts';
import { naturalHalves } from '../src/coverage/natural.ts';
import { nullBand, nullMoments } from '../src/coverage/null.ts';
import { ceilingEnergy, summarizeSpectra } from '../src/coverage/spectrum.ts';
import { type MeasuredLayer, regimeOf, summarizeGroup } from '../src/coverage/summarize.ts';
import { float32, matrix, singularValues } from '../src/numeric/index.ts';
import { FAMILIES, type Family } from '../src/record/index.ts';
import { createReferenceEngine } from '../src/runtime/index.ts';

type Rows = readonly (readonly number[])[];

const G_A: Rows = [
  [6, 0, 8],
  [4, 0, -3],
  [0, 5, 0],
];
const G_B: Rows = [
  [4, 3, 1],
  [2, 0, 0],
  [-2, 0, 4],
];
const A = [9, 5, 16];
const B = [24, 12, 24];
const RIDGE = 0.3;
const RANK = 2;
/** One target a batch: then sums over targets are means. */
const TARGETS = [1, 1];
const PLAN: MeasurePlan = { lanes: 2, oneSided: true, natural: true, permutation: [] };

const page = readFileSync(new URL('../docs/concepts.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

/** The page, in which line breaks do not count, says this. */
function says(text: string): void {
  expect(page.includes(text), `docs/concepts.md says "${text}"`).toBe(true);
}

/** A short decimal, or p/q where that is what the number is. */
function fraction(value: number): string {
  for (let q = 1; q <= 1000; q++) {
    const p = Math.round(value * q);
    if (Math.abs(value - p / q) < 1e-9) return `${p < 0 ? '−' : ''}${Math.abs(p)}${q === 1 ? '' : `/${q}`}`;
  }
  throw new Error(`${value} is no simple fraction`);
}

const range = [0, 1, 2];
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const column = (g: Rows, j: number) => g.map((row) => row[j]!);
const inner = (g: Rows, h: Rows) => range.reduce((sum, i) => sum + dot(g[i]!, h[i]!), 0);
const corner = (g: Rows) => g.slice(0, RANK).flatMap((row) => row.slice(0, RANK));

/** What a pass over both batches would give for a layer with frames along the axes. */
function measure(a: Rows, b: Rows): LayerMeasurement {
  const pairs = [
    [a, a],
    [b, b],
    [a, b],
  ] as const;
  const axes = range.slice(0, RANK);
  const diagonal = (values: readonly number[]) =>
    axes.flatMap((i) => axes.map((j) => (i === j ? values[i]! : 0)));
  const trace = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const per = (part: StackPart) => stackOutputName('layer', 0, part);
  const tensor = (values: readonly number[]) => float32([values.length], values);
  const squares = (values: readonly number[]) => float32([1, 2, RANK, RANK], values);
  const layer = { name: 'layer', inFeatures: 3, outFeatures: 3 };
  const measurement = emptyMeasurement(layer, [RANK], FAMILIES, PLAN);
  const outputs = {
    [outputName('layer', 'inner')]: tensor(pairs.map(([g, h]) => inner(g, h))),
    [outputName('layer', 'traces')]: tensor([trace(A), trace(A), trace(B), trace(B)]),
    [per('core')]: tensor(
      pairs.flatMap(([g, h]) =>
        axes.map((k) =>
          axes.reduce(
            (sum, i) =>
              sum + axes.reduce((all, j) => all + (Math.max(i, j) === k ? g[i]![j]! * h[i]![j]! : 0), 0),
            0,
          ),
        ),
      ),
    ),
    [per('diagonal')]: tensor([a, b].flatMap((g) => axes.map((i) => g[i]![i]!))),
    [per('left')]: tensor(pairs.flatMap(([g, h]) => axes.map((i) => dot(g[i]!, h[i]!)))),
    [per('right')]: tensor(pairs.flatMap(([g, h]) => axes.map((j) => dot(column(g, j), column(h, j))))),
    [per('blocks')]: squares([a, b].flatMap(corner)),
    [per('inputs')]: squares([...diagonal(A), ...diagonal(A)]),
    [per('outputs')]: squares([...diagonal(B), ...diagonal(B)]),
    [per('permuted')]: squares([2, 0, 0, 0, -1, 0, 0, 0]),
  };
  addPass(measurement, outputs, PLAN);
  return measurement;
}

const measurement = measure(G_A, G_B);
const spectrumOf = async (g: Rows) =>
  summarizeSpectra([await singularValues(matrix(3, 3, Float64Array.from(g.flat())))]);

async function measuredLayer(a: Rows, b: Rows): Promise<MeasuredLayer> {
  const layer = measure(a, b);
  return {
    measurement: layer,
    spectrum: await spectrumOf(a),
    bases: [{ basis: 'svd', draws: layer.frames, natural: null }],
  };
}

const energyOf = (family: Family, rank: number, batch: number) =>
  measurement.frames[0]!.energies.get(family)!.batches[batch]![rank - 1]! / measurement.inner.batches[batch]!;

describe('the worked example of docs/concepts.md', () => {
  it('shows the gradients', () => {
    for (const g of [G_A, G_B]) {
      for (const row of g) says(`[ ${row.join(' ').replaceAll('-', '−')} ]`);
    }
  });

  it('norms', () => {
    const [a, b] = measurement.inner.batches as [number, number];
    says(`36 + 64 + 16 + 9 + 25 = ${a} and ‖G_b‖² = ${b}`);
    says(`‖G_a‖ = ${Math.sqrt(a).toFixed(3)} and ‖G_b‖ = ${Math.sqrt(b).toFixed(3)}`);
  });

  it('spectrum and effective ranks', async () => {
    const { effectiveRank, spectrum, concentration } = await spectrumOf(G_A);
    const values = [...spectrum].map((value) => value * Math.sqrt(150));
    says(`their lengths, ${values.map(fraction).join(', ')}.`);
    says(`2√2 = ${effectiveRank.entropic.toFixed(3)}`);
    says(`Stable: 150/100 = ${fraction(effectiveRank.stable)}`);
    says(`= ${fraction(effectiveRank.participation)}. **Every`);
    says(`Σσ⁴/(Σσ²)² = ${fraction(concentration)} `);
  });

  it('every family at every rank', async () => {
    const spectrum = await spectrumOf(G_A);
    for (const family of FAMILIES) {
      for (const rank of [1, 2]) {
        const energy = energyOf(family, rank, 0);
        const expected = nullEnergy(family, 3, 3, rank);
        const cells = [
          `\`${family}\``,
          rank,
          parameterCount(family, 3, 3, rank),
          dimension(family, 3, 3, rank),
          fraction(energy),
          Math.sqrt(energy).toFixed(3),
          fraction(expected),
          fraction(energy / expected),
          fraction(ceilingEnergy(family, spectrum, rank)),
        ];
        says(`| ${cells.join(' | ')} |`);
      }
    }
  });

  it('the null band', async () => {
    const { concentration } = await spectrumOf(G_A);
    const moments = nullMoments('core', 3, 3, 1, concentration);
    expect(moments.variance).toBeCloseTo(29 / 2025, 12);
    says('(1/9)² = 29/2025');
    says(
      `deviation of ${Math.sqrt(moments.variance).toFixed(3)} around a mean of ${moments.mean.toFixed(3)}`,
    );
    const { coverage, low, high } = nullBand(moments);
    says(`is ${coverage.toFixed(3)}, with a 95 % band of ${low.toFixed(3)}–${high.toFixed(3)}`);
  });

  it('two batches, and the signal that they share', async () => {
    const settings = { families: FAMILIES, ranks: [1, 2], ridge: RIDGE };
    const { bases, gradientNorm } = summarizeGroup([await measuredLayer(G_A, G_B)], settings);
    expect(gradientNorm.mean).toBeCloseTo((Math.sqrt(150) + Math.sqrt(50)) / 2, 6);
    const [one, two] = bases[0]!.families.find(({ family }) => family === 'core')!.points;
    says(`is 16/50 = ${fraction(energyOf('core', 1, 1))}.`);
    says(`batches is ${fraction(one!.energy.mean)} = ${one!.energy.mean.toFixed(2)}, with`);
    says(`cut to ${one!.energy.low.toFixed(3)}–${one!.energy.high.toFixed(3)}`);
    const t = (one!.energy.high - one!.energy.mean) / 0.04;
    says(`is ${t.toFixed(2)}, so the interval is 0.28 ± ${(0.04 * t).toFixed(2)},`);
    says(`24 + 8 + 8 = ${measurement.inner.pairs[0]},`);
    const signals = [one!, two!].map(({ signalCoverage }) => signalCoverage!.mean);
    says(`√(24/40) = √(${fraction(signals[0]! ** 2)}) = ${signals[0]!.toFixed(3)} at K = 1.`);
    says(`√((24 + 8)/40) = √(${fraction(signals[1]! ** 2)}) = ${signals[1]!.toFixed(3)}.`);
  });

  it('two layers', async () => {
    const other: Rows = [
      [0, 0, 0],
      [0, 0, 5],
      [0, 0, 5],
    ];
    // One batch of each: its twin makes the pair.
    const group = [await measuredLayer(G_A, G_A), await measuredLayer(other, other)];
    const { bases } = summarizeGroup(group, { families: ['core'], ranks: [1], ridge: RIDGE });
    const point = bases[0]!.families[0]!.points[0]!;
    says(
      `energy at K = 1 is 36/200 = ${fraction(point.energy.mean)} and coverage ${point.coverage.mean.toFixed(3)}`,
    );
    says(
      `null mean is ${fraction(point.null.coverage ** 2)} still, and the gain ${fraction(point.gain.mean)}.`,
    );
    says(`energy share is 150/200 = ${fraction(150 / (150 + inner(other, other)))}.`);
    expect(inner(other, other)).toBe(50);
  });

  it('natural coverage', async () => {
    const whitener = new Whitener(createReferenceEngine());
    const [both] = await naturalCurves(measurement, [TARGETS], RIDGE, whitener);
    const halves = await naturalHalves(measurement, [TARGETS], RIDGE, whitener);
    const half = (index: 0 | 1) => halves[index][0]!;
    const row = (name: string, curve: Float64Array, derivations: readonly string[] = ['', '']) =>
      says(`| ${name} | ${[...curve].map((value, i) => derivations[i] + fraction(value)).join(' | ')} |`);
    row('half a, in sample', half(0).inSample, ['6²/360 = ', '+ 4²/240 = ']);
    row('half b, in sample', half(1).inSample, ['4²/360 = ', '+ 3²/216 + 2²/240 = ']);
    row('in sample (mean of both)', both!.inSample);
    row('held out', both!.heldOut, ['6·4/360 = ', '+ 4·2/240 = ']);
    row('permuted, in sample', both!.permutedInSample);
    row('permuted, held out', both!.permutedHeldOut);
  });

  it('the label', () => {
    const coverage = Math.sqrt(energyOf('core', 1, 0));
    says(`A coverage of ${coverage.toFixed(3)} is \`${regimeOf(coverage)}\``);
    says(`its gain of ${(coverage ** 2 * 9).toFixed(2)} lies inside the null band`);
    const band = nullBand(nullMoments('core', 3, 3, 1, 1 / 2));
    expect(band.low < coverage && coverage < band.high).toBe(true);
    const bounds = [0.0499, 0.0501, 0.0699, 0.0701, 0.1299, 0.1301].map(regimeOf);
    expect(bounds).toEqual([
      'under-threshold',
      'transition',
      'transition',
      'reliable',
      'reliable',
      'premium',
    ]);
  });

  it('could exist: no second moments are smaller than their cross moments', async () => {
    // Canonical correlations: singular values of A^(−½) G B^(−½), at most 1.
    for (const g of [G_A, G_B]) {
      const values = g.flatMap((row, i) => row.map((value, j) => value / Math.sqrt(A[i]! * B[j]!)));
      expect((await singularValues(matrix(3, 3, Float64Array.from(values))))[0]).toBeLessThan(1);
    }
  });
});
