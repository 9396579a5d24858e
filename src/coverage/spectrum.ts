/** Spectra of batch gradients: the ceiling of coverage, effective ranks, and the spread of the null. */
import { type EffectiveRank, effectiveRank } from '../numeric/index.ts';
import type { Family } from '../record/index.ts';
import { runningSum } from './energies.ts';
import { FAMILY_RULES } from './families.ts';

/** What the spectra of a few batches say of a layer's gradient; averages over those batches. */
export interface SpectrumSummary {
  /** Singular values over the Frobenius norm, descending. */
  readonly spectrum: Float64Array;
  readonly effectiveRank: EffectiveRank;
  /** Σσ⁴ / (Σσ²)². */
  readonly concentration: number;
  /** Largest energy of one-sided and core frames at rank 1, 2, …: Σ_{i ≤ K} σᵢ² / Σσ² (Eckart–Young). */
  readonly ceiling: Float64Array;
}

/** @param spectra singular values of one batch each, descending. */
export function summarizeSpectra(spectra: readonly Float64Array[]): SpectrumSummary {
  const each = spectra.map((values) => {
    const energy = values.reduce((sum, value) => sum + value * value, 0);
    const norm = Math.sqrt(energy);
    const normalized = values.map((value) => (norm > 0 ? value / norm : 0));
    const rank = effectiveRank(values);
    return { normalized, rank, ceiling: runningSum(normalized.map((value) => value * value)) };
  });
  const average = (read: (one: (typeof each)[number]) => number) =>
    each.reduce((sum, one) => sum + read(one), 0) / each.length;
  const averageOf = (read: (one: (typeof each)[number]) => Float64Array) =>
    read(each[0]!).map((_, i) => average((one) => read(one)[i]!));
  return {
    spectrum: averageOf((one) => one.normalized),
    effectiveRank: {
      entropic: average((one) => one.rank.entropic),
      stable: average((one) => one.rank.stable),
      participation: average((one) => one.rank.participation),
    },
    concentration: average((one) => (one.rank.participation > 0 ? 1 / one.rank.participation : 1)),
    ceiling: averageOf((one) => one.ceiling),
  };
}

/** The largest energy that any frames of a rank can have. */
export function ceilingEnergy(family: Family, { ceiling }: SpectrumSummary, rank: number): number {
  const reach = FAMILY_RULES[family].directions(rank);
  return Math.min(1, ceiling[Math.min(reach, ceiling.length) - 1]!);
}
