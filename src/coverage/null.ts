/** The spread of coverage over uniformly random frames, in closed form. */
import { betaQuantile } from '../numeric/index.ts';
import type { Family } from '../record/index.ts';
import { FAMILY_RULES, nullEnergy } from './families.ts';

/** Mean and variance of an energy. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Exact mean and variance of the energy ‖P G‖²/‖G‖² over Haar frames of rank K, for a gradient with
 * Σσ⁴/(Σσ²)² = `concentration` (the inverse of its participation rank). W is m×n.
 */
export function nullMoments(
  family: Family,
  m: number,
  n: number,
  rank: number,
  concentration: number,
): Moments {
  const mean = nullEnergy(family, m, n, rank);
  const second = FAMILY_RULES[family].secondMoment({ m, n, rank }, concentration);
  return { mean, variance: Math.max(0, second - mean * mean) };
}

/**
 * The 95 % band of coverage = √energy for one draw of frames: quantiles of the beta distribution that has the
 * exact moments (an energy lies between 0 and 1).
 */
export function nullBand({ mean, variance }: Moments): { coverage: number; low: number; high: number } {
  const quantile = (p: number) => Math.sqrt(betaQuantile(p, mean, variance));
  return { coverage: Math.sqrt(mean), low: quantile(0.025), high: quantile(0.975) };
}
