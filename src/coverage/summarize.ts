/** From measurements to results: a layer is a group of one, the whole model a group of all. */
import type { LayerRole, LinearLayer } from '../models/index.ts';
import { jackknifeInterval, mean, studentInterval } from '../numeric/index.ts';
import {
  type BasisResult,
  type Estimate,
  type Family,
  type ModuleTypeResult,
  type NaturalResult,
  type RankPoint,
  REGIMES,
  type Regime,
  roundSignificant,
} from '../record/index.ts';
import { atRank } from './energies.ts';
import { dimension, nullEnergy, parameterCount } from './families.ts';
import type { FrameMeasurement, LayerMeasurement, Products } from './measurement.ts';
import { type NaturalCurves, naturalTotal } from './natural.ts';
import { nullBand, nullMoments } from './null.ts';
import { energyShares, gradientWeights, summarizeReach, sumProducts } from './reach.ts';
import { ceilingEnergy, type SpectrumSummary } from './spectrum.ts';

/** One basis on one layer: a measurement per draw of its frames. */
export interface BasisMeasurement {
  readonly basis: string;
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
  const norms = sumProducts(group.map(({ measurement }) => measurement.inner)).batches;
  const bases = group[0]!.bases.map(({ basis }, index) => {
    const largest = Math.max(...group.map(({ bases }) => bases[index]!.draws[0]!.rank));
    return {
      basis,
      families: families.map((family) => {
        const at = (rank: number) => group.map((layer) => energiesAt(layer, index, family, rank));
        return {
          family,
          points: ranks
            .filter((rank) => rank <= largest)
            .map((rank) => rankPoint(group, index, family, rank, at(rank))),
          energyCurve: Array.from({ length: largest }, (_, i) =>
            roundSignificant(mean(energyShares(sumProducts(at(i + 1)).batches, norms)), 5),
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
  return { gradientNorm: studentInterval(norms.map(Math.sqrt)), bases };
}

/**
 * The layers of every role as a group of their own, in the order of `layers`; a role none of whose layers was measured
 * is left out.
 */
export function summarizeModuleTypes(
  measured: readonly MeasuredLayer[],
  layers: readonly LinearLayer[],
  settings: SummarySettings,
): ModuleTypeResult[] {
  const byName = new Map(measured.map((layer) => [layer.measurement.name, layer]));
  const whole = energyOf(measured);
  return [...new Set(layers.map(({ role }) => role))].flatMap((role) => {
    const alike = layers.filter((layer) => layer.role === role);
    const group = alike.flatMap(({ name }) => byName.get(name) ?? []);
    if (group.length === 0) return [];
    return {
      role,
      name: typeName(role, layers),
      layers: group.length,
      energyShare: whole > 0 ? energyOf(group) / whole : 0,
      ...summarizeGroup(group, settings),
    };
  });
}

/** The last words of the name of a role's layers that no other role has. */
function typeName(role: LayerRole, layers: readonly LinearLayer[]): string {
  const words = layers.find((layer) => layer.role === role)!.name.split('.');
  const isOwn = (name: string) =>
    layers.every((layer) => layer.role === role || !layer.name.endsWith(`.${name}`));
  const names = words.map((_, index) => words.slice(-1 - index).join('.'));
  return names.find(isOwn) ?? words.join('.');
}

/** Summed ‖G‖² of the measured batches. */
export const energyOf = (layers: readonly MeasuredLayer[]): number =>
  layers.reduce((sum, { measurement }) => sum + measurement.inner.batches.reduce((a, b) => a + b, 0), 0);

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

/** ‖P G‖ / ‖G‖ of every batch, over a group of layers. */
export function batchCoverages(
  group: readonly MeasuredLayer[],
  basis: number,
  family: Family,
  rank: number,
): number[] {
  const reached = sumProducts(group.map((layer) => energiesAt(layer, basis, family, rank)));
  const inner = sumProducts(group.map(({ measurement }) => measurement.inner));
  return energyShares(reached.batches, inner.batches).map(Math.sqrt);
}

function rankPoint(
  group: readonly MeasuredLayer[],
  basis: number,
  family: Family,
  rank: number,
  energies: readonly Products<number>[],
): RankPoint {
  const layers = group.map(({ measurement, spectrum, bases }, index) => {
    const { inFeatures: m, outFeatures: n, inner } = measurement;
    const columns = Math.min(rank, bases[basis]!.draws[0]!.rank);
    return {
      inner,
      reached: energies[index]!,
      parameters: parameterCount(family, m, n, columns),
      dimension: dimension(family, m, n, columns),
      nullEnergy: nullEnergy(family, m, n, columns),
      nullVariance: nullMoments(family, m, n, columns, spectrum.concentration).variance,
      ceiling: ceilingEnergy(family, spectrum, columns),
    };
  });
  const { nullEnergy: expected, ...reach } = summarizeReach(layers);
  const weights = gradientWeights(layers);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let [parameters, dimensions, variance, ceiling] = [0, 0, 0, 0];
  layers.forEach((layer, index) => {
    const share = weights[index]! / whole;
    parameters += layer.parameters;
    dimensions += layer.dimension;
    variance += share ** 2 * layer.nullVariance;
    ceiling += share * layer.ceiling;
  });
  const flows = layers.some(({ inner }) => inner.batches.some((norm) => norm > 0));
  return {
    rank,
    parameters,
    dimension: dimensions,
    ...reach,
    null: nullBand({ mean: expected, variance }),
    ceiling: Math.sqrt(Math.min(1, ceiling)),
    // Where nothing flows there is nothing to reach.
    regime: flows ? regimeOf(reach.coverage.mean) : null,
  };
}

/** Upper bounds of the source paper's labels; it leaves 0.05 … 0.07 as a transition. */
const REGIME_BOUNDS = [0.05, 0.07, 0.13, Number.POSITIVE_INFINITY];

/** The source paper's label for a coverage. */
export function regimeOf(coverage: number): Regime {
  return REGIMES[REGIME_BOUNDS.findIndex((bound) => coverage < bound)]!;
}

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
