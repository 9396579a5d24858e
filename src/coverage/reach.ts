/**
 * What frames reach of the gradients of a group of layers. The probe, the telemetry of a training and the experiments
 * all read their coverage here, so that one rule holds for all: energies are summed over layers before a ratio is
 * taken, a ratio is cut to what a projection can reach, and its root is taken last.
 */
import { jackknifeInterval, studentInterval } from '../numeric/index.ts';
import type { Estimate } from '../record/index.ts';
import { atRank } from './energies.ts';
import type { Products } from './measurement.ts';

/** One layer: its gradients, and what a tangent space reaches of them. */
export interface LayerReach {
  /** ‖G‖² of every batch, ⟨G_a, G_b⟩ of every pair of independent batches. */
  readonly inner: Products<number>;
  /** ‖P G‖² and ⟨P G_a, P G_b⟩ of the same. */
  readonly reached: Products<number>;
  /** Mean energy of uniformly random frames; see `nullEnergy`. */
  readonly nullEnergy: number;
}

/** Coverage of a group of layers; each mean has a 95 % interval over the batches. */
export interface ReachSummary {
  /** ‖P G‖ / ‖G‖. */
  readonly coverage: Estimate;
  /** ‖P G‖² / ‖G‖². */
  readonly energy: Estimate;
  /** Energy over `nullEnergy`. */
  readonly gain: Estimate;
  /** Of uniformly random frames, layers weighed by their gradients. */
  readonly nullEnergy: number;
  /** Coverage of the expected gradient; see {@link signalCoverage}. */
  readonly signalCoverage: Estimate | null;
}

/** @param group at least one layer; all were measured on the same batches. */
export function summarizeReach(group: readonly LayerReach[]): ReachSummary {
  const inner = sumProducts(group.map((layer) => layer.inner));
  const reached = sumProducts(group.map((layer) => layer.reached));
  const shares = energyShares(reached.batches, inner.batches);
  const energy = clamped(studentInterval(shares));
  const weights = gradientWeights(group);
  const nullEnergy =
    group.reduce((sum, layer, index) => sum + weights[index]! * layer.nullEnergy, 0) / total(weights);
  return {
    coverage: clamped(studentInterval(shares.map(Math.sqrt))),
    energy,
    gain: {
      mean: energy.mean / nullEnergy,
      low: energy.low / nullEnergy,
      high: energy.high / nullEnergy,
    },
    nullEnergy,
    signalCoverage: signalCoverage(reached.pairs, inner.pairs),
  };
}

/** How much every layer counts in a mean over the group: its ‖G‖², or all alike where no gradient flows. */
export function gradientWeights(group: readonly Pick<LayerReach, 'inner'>[]): number[] {
  const norms = group.map(({ inner }) => total(inner.batches));
  return norms.some((norm) => norm > 0) ? norms : norms.map(() => 1);
}

/** ‖P G‖² / ‖G‖² of every batch, cut to 0 … 1 against rounding; 0 where G is zero, for nothing is reached. */
export const energyShares = (reached: readonly number[], norms: readonly number[]): number[] =>
  reached.map((energy, i) => (norms[i]! > 0 ? share(energy / norms[i]!) : 0));

/** Products of several layers together. */
export function sumProducts(all: readonly Products<number>[]): Products<number> {
  const sum = (read: (products: Products<number>) => number[]) =>
    read(all[0]!).map((_, i) => all.reduce((total, products) => total + read(products)[i]!, 0));
  return { batches: sum((products) => products.batches), pairs: sum((products) => products.pairs) };
}

/** Of curves over ranks, the entries at one rank; see {@link atRank}. */
export const productsAt = ({ batches, pairs }: Products<Float64Array>, rank: number): Products<number> => ({
  batches: batches.map((curve) => atRank(curve, rank)),
  pairs: pairs.map((curve) => atRank(curve, rank)),
});

/**
 * √(Σ⟨P G_a, P G_b⟩ / Σ⟨G_a, G_b⟩) over pairs of independent batches: numerator and denominator estimate the
 * expected gradient's without bias.
 *
 * Null where the batches share no measurable signal: no pairs, or a denominator that is not above 0. A numerator below 0
 * estimates an energy that cannot be below 0: the coverage is 0. The interval is that of the energy, and only then
 * cut to 0 … 1: a coverage that is cut first would have an interval of no width at 0. It is all of 0 … 1 where leaving
 * out a single pair takes the denominator to 0 or below, for then the ratio has no bounded interval.
 */
export function signalCoverage(reached: readonly number[], norms: readonly number[]): Estimate | null {
  const norm = total(norms);
  if (!(norm > 0)) return null;
  const coverage = (energy: number) => Math.sqrt(share(energy));
  const rests = norms.length > 1 ? norms.map((one) => norm - one) : [];
  if (rests.some((rest) => rest <= 0)) {
    return { mean: coverage(total(reached) / norm), low: 0, high: 1 };
  }
  const { mean, low, high } = jackknifeInterval(norms.length, (indices) => {
    let [energy, rest] = [0, 0];
    for (const index of indices) {
      energy += reached[index]!;
      rest += norms[index]!;
    }
    return energy / rest;
  });
  return { mean: coverage(mean), low: coverage(low), high: coverage(high) };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const share = (energy: number): number => Math.min(1, Math.max(0, energy));

const clamped = ({ mean, low, high }: Estimate): Estimate => ({
  mean,
  low: Math.max(0, low),
  high: Math.min(1, high),
});
