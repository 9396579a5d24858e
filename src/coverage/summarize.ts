/** From measurements to results: a layer is a group of one, the whole model a group of all. */
import { jackknifeInterval, studentInterval } from '../numeric/index.ts';
import {
  type Basis,
  type BasisResult,
  type Estimate,
  type Family,
  type NaturalResult,
  type RankPoint,
  REGIMES,
  type Regime,
  roundSignificant,
} from '../record/index.ts';
import { atRank } from './energies.ts';
import { dimension, nullEnergy } from './families.ts';
import type { FrameMeasurement, LayerMeasurement, Products } from './measurement.ts';
import type { NaturalCurves } from './natural.ts';
import { nullBand, nullMoments } from './null.ts';
import { ceilingEnergy, type SpectrumSummary } from './spectrum.ts';

/** One basis on one layer: a measurement per draw of its frames. */
export interface BasisMeasurement {
  readonly basis: Basis;
  readonly draws: readonly FrameMeasurement[];
  readonly natural: NaturalCurves | null;
}

/** Everything that is known of one layer. */
export interface MeasuredLayer {
  readonly measurement: LayerMeasurement;
  readonly spectrum: SpectrumSummary;
  readonly bases: readonly BasisMeasurement[];
}

export interface SummarySettings {
  readonly families: readonly Family[];
  readonly ranks: readonly number[];
  readonly ridge: number;
}

/** ‖G‖ and every basis, over a group of layers: energies are summed before roots are taken. */
export function summarizeGroup(
  group: readonly MeasuredLayer[],
  { families, ranks, ridge }: SummarySettings,
): { gradientNorm: Estimate; bases: BasisResult[] } {
  const norms = sumProducts(group.map(({ measurement }) => measurement.inner));
  const bases = group[0]!.bases.map(({ basis }, index) => {
    const largest = Math.max(...group.map(({ bases }) => bases[index]!.draws[0]!.rank));
    return {
      basis,
      families: families.map((family) => {
        const at = (rank: number) =>
          sumProducts(group.map((layer) => energiesAt(layer, index, family, rank)));
        return {
          family,
          points: ranks
            .filter((rank) => rank <= largest)
            .map((rank) => rankPoint(group, index, family, rank, at(rank), norms)),
          energyCurve: Array.from({ length: largest }, (_, i) =>
            roundSignificant(meanRatio(at(i + 1).batches, norms.batches), 5),
          ),
        };
      }),
      natural: summarizeNatural(
        group.map(({ bases }) => bases[index]!.natural),
        largest,
        ridge,
      ),
    };
  });
  return { gradientNorm: studentInterval(norms.batches.map(Math.sqrt)), bases };
}

/** ‖P G‖² of a layer's batches and pairs at a rank, averaged over the draws of its frames. */
function energiesAt(layer: MeasuredLayer, basis: number, family: Family, rank: number): Products<number> {
  const { draws } = layer.bases[basis]!;
  const average = (read: (products: Products<Float64Array>) => Float64Array[]) =>
    read(draws[0]!.energies.get(family)!).map(
      (_, i) =>
        draws.reduce((sum, draw) => sum + atRank(read(draw.energies.get(family)!)[i]!, rank), 0) /
        draws.length,
    );
  return { batches: average((products) => products.batches), pairs: average((products) => products.pairs) };
}

/** ‖P G‖² / ‖G‖² of every batch. */
const batchEnergies = (energies: Products<number>, norms: Products<number>): number[] =>
  energies.batches.map((energy, i) => Math.min(1, Math.max(0, ratio(energy, norms.batches[i]!))));

/** ‖P G‖ / ‖G‖ of every batch, over a group of layers. */
export function batchCoverages(
  group: readonly MeasuredLayer[],
  basis: number,
  family: Family,
  rank: number,
): number[] {
  const energies = sumProducts(group.map((layer) => energiesAt(layer, basis, family, rank)));
  const norms = sumProducts(group.map(({ measurement }) => measurement.inner));
  return batchEnergies(energies, norms).map(Math.sqrt);
}

function sumProducts(all: readonly Products<number>[]): Products<number> {
  const sum = (read: (products: Products<number>) => number[]) =>
    read(all[0]!).map((_, i) => all.reduce((total, products) => total + read(products)[i]!, 0));
  return { batches: sum((products) => products.batches), pairs: sum((products) => products.pairs) };
}

const ratio = (a: number, b: number): number => (b > 0 ? a / b : 0);

const meanRatio = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + ratio(value, b[i]!), 0) / a.length;

function rankPoint(
  group: readonly MeasuredLayer[],
  basis: number,
  family: Family,
  rank: number,
  energies: Products<number>,
  norms: Products<number>,
): RankPoint {
  const perBatch = batchEnergies(energies, norms);
  const energy = clamped(studentInterval(perBatch));
  const coverage = clamped(studentInterval(perBatch.map(Math.sqrt)));
  const total = group.reduce((sum, { measurement }) => sum + meanNorm(measurement), 0);
  let parameters = 0;
  let ceiling = 0;
  const expected = { mean: 0, variance: 0 };
  for (const { measurement, spectrum, bases } of group) {
    const { inFeatures: m, outFeatures: n } = measurement;
    const reached = Math.min(rank, bases[basis]!.draws[0]!.rank);
    // With no gradient anywhere, every layer counts alike.
    const share = total > 0 ? meanNorm(measurement) / total : 1 / group.length;
    const moments = nullMoments(family, m, n, reached, spectrum.concentration);
    parameters += dimension(family, m, n, reached);
    expected.mean += share * nullEnergy(family, m, n, reached);
    expected.variance += share ** 2 * moments.variance;
    ceiling += share * ceilingEnergy(family, spectrum, reached);
  }
  return {
    rank,
    parameters,
    coverage,
    energy,
    gain: scaled(energy, 1 / expected.mean),
    null: nullBand(expected),
    ceiling: Math.sqrt(Math.min(1, ceiling)),
    signalCoverage: signalCoverage(energies.pairs, norms.pairs),
    // Where nothing flows there is nothing to reach.
    regime: total > 0 ? regimeOf(coverage.mean) : null,
  };
}

const meanNorm = ({ inner }: LayerMeasurement): number =>
  inner.batches.reduce((sum, value) => sum + value, 0) / inner.batches.length;

const scaled = ({ mean, low, high }: Estimate, factor: number): Estimate => ({
  mean: mean * factor,
  low: low * factor,
  high: high * factor,
});

const clamped = ({ mean, low, high }: Estimate): Estimate => ({
  mean,
  low: Math.max(0, low),
  high: Math.min(1, high),
});

/**
 * √(Σ⟨P G_a, P G_b⟩ / Σ⟨G_a, G_b⟩) over pairs of independent batches: numerator and denominator estimate the
 * expected gradient's without bias. null when the batches share no measurable signal. The interval is that of the
 * energy, which may be negative, and only then cut to what a coverage can be: a coverage that is cut first would have an
 * interval of no width at 0.
 */
function signalCoverage(energies: readonly number[], norms: readonly number[]): Estimate | null {
  if (norms.length === 0) return null;
  const estimate = (indices: Int32Array) => {
    let energy = 0;
    let norm = 0;
    for (const index of indices) {
      energy += energies[index]!;
      norm += norms[index]!;
    }
    return norm > 0 ? energy / norm : 0;
  };
  if (norms.reduce((sum, value) => sum + value, 0) <= 0) return null;
  const { mean, low, high } = jackknifeInterval(norms.length, estimate);
  const coverage = (share: number) => Math.sqrt(Math.min(1, Math.max(0, share)));
  return { mean: coverage(mean), low: coverage(low), high: coverage(high) };
}

/** Upper bounds of the source paper's labels; it leaves 0.05 … 0.07 as a transition. */
const REGIME_BOUNDS = [0.05, 0.07, 0.13, Number.POSITIVE_INFINITY];

/** The source paper's label for a coverage. */
export function regimeOf(coverage: number): Regime {
  return REGIMES[REGIME_BOUNDS.findIndex((bound) => coverage < bound)]!;
}

/** A curve of ν at a rank, summed over layers. */
export const naturalTotal = (
  curves: readonly NaturalCurves[],
  read: (one: NaturalCurves) => Float64Array,
  rank: number,
): number => curves.reduce((sum, one) => sum + atRank(read(one), rank), 0);

function summarizeNatural(
  curves: readonly (NaturalCurves | null)[],
  ranks: number,
  ridge: number,
): NaturalResult | null {
  const present = curves.filter((curve) => curve !== null);
  if (present.length < curves.length || present.length === 0) return null;
  const every = <T>(make: (rank: number) => T) => Array.from({ length: ranks }, (_, i) => make(i + 1));
  const total = (read: (one: NaturalCurves) => Float64Array, rank: number) =>
    naturalTotal(present, read, rank);
  const rounded = (read: (one: NaturalCurves) => Float64Array) =>
    every((rank) => roundSignificant(total(read, rank), 5));
  const passes = present[0]!.replicates.length;
  const intervals = every((rank) => {
    const centre = total((one) => one.heldOut, rank);
    if (passes < 2) return { low: centre, high: centre };
    // The replicates leave out one pass each; the list of all passes is the estimate itself.
    return jackknifeInterval(passes, (indices) => {
      if (indices.length === passes) return centre;
      const left = missingIndex(indices, passes);
      return total((one) => one.replicates[left]!, rank);
    });
  });
  return {
    ridge,
    inSample: rounded((one) => one.inSample),
    heldOut: rounded((one) => one.heldOut),
    heldOutLow: intervals.map(({ low }) => roundSignificant(low, 5)),
    heldOutHigh: intervals.map(({ high }) => roundSignificant(high, 5)),
    permutedInSample: rounded((one) => one.permutedInSample),
    permutedHeldOut: rounded((one) => one.permutedHeldOut),
  };
}

/** The index from 0 to `count` − 1 that is not among `indices`. */
export function missingIndex(indices: Int32Array, count: number): number {
  const sum = indices.reduce((total, index) => total + index, 0);
  return (count * (count - 1)) / 2 - sum;
}
