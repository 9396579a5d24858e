/** The spread of coverage over uniformly random frames, in closed form. */
import { betaQuantile } from '../numeric/index.ts';
import type { Family } from '../record/index.ts';
import { nullEnergy } from './families.ts';

/** Mean and variance of an energy. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Exact mean and variance of the energy ‖P G‖²/‖G‖² over Haar frames of rank K, for a gradient with
 * Σσ⁴/(Σσ²)² = `concentration` (the inverse of its participation rank). W is m×n.
 *
 * Second moments of a Haar projector P of rank K in m dimensions, by invariance under rotation:
 * E[Pᵢⱼ Pₖₗ] = a δᵢⱼδₖₗ + b (δᵢₖδⱼₗ + δᵢₗδⱼₖ), where tr P = tr P² = K fixes a and b. One-sided families need one such
 * average, `core` one on each side, and `factors` is 1 − `core` of the complements. `diagonal` needs the fourth
 * moments of one and of two orthonormal Haar vectors.
 */
export function nullMoments(
  family: Family,
  m: number,
  n: number,
  rank: number,
  concentration: number,
): Moments {
  const mean = nullEnergy(family, m, n, rank);
  const second = secondMoment(family, m, n, rank, concentration);
  return { mean, variance: Math.max(0, second - mean * mean) };
}

function secondMoment(family: Family, m: number, n: number, rank: number, t2: number): number {
  switch (family) {
    case 'left':
      return oneSided(projectorMoments(m, rank), 1, t2);
    case 'right':
      return oneSided(projectorMoments(n, rank), 1, t2);
    case 'core':
      return twoSided(m, n, rank, rank, t2);
    case 'factors': {
      // energy = 1 − e with e the core energy of the complements: E[(1−e)²] = 1 − 2E[e] + E[e²].
      const mean = ((m - rank) * (n - rank)) / (m * n);
      return 1 - 2 * mean + twoSided(m, n, m - rank, n - rank, t2);
    }
    case 'diagonal': {
      const same = (3 * (1 + 2 * t2)) / (m * (m + 2) * n * (n + 2));
      if (rank === 1) return same;
      const left = pairMoments(m);
      const right = pairMoments(n);
      const norms = right.a + 2 * right.b * t2;
      const products = right.a * t2 + right.b * (1 + t2);
      return rank * same + rank * (rank - 1) * (left.a * norms + 2 * left.b * products);
    }
  }
}

interface PairOfConstants {
  readonly a: number;
  readonly b: number;
}

/** a and b of a rank-K Haar projector in `size` dimensions. */
function projectorMoments(size: number, rank: number): PairOfConstants {
  if (size === 1) return { a: rank, b: 0 };
  const b = (rank * (size - rank)) / (size * (size - 1) * (size + 2));
  return { a: (rank * rank - 2 * b * size) / (size * size), b };
}

/** a and b of E[uᵢuⱼwₖwₗ] = a δᵢⱼδₖₗ + b (δᵢₖδⱼₗ + δᵢₗδⱼₖ) for two orthonormal Haar vectors u, w. */
function pairMoments(size: number): PairOfConstants {
  const a = (size + 1) / (size * (size - 1) * (size + 2));
  return { a, b: -a / (size + 1) };
}

/** E[tr(S P)²] from t1 = (tr S)² and t2 = tr S². */
const oneSided = ({ a, b }: PairOfConstants, t1: number, t2: number): number => a * t1 + 2 * b * t2;

/** E[‖P G Q‖⁴] for independent projectors of ranks p and q, ‖G‖ = 1. */
function twoSided(m: number, n: number, p: number, q: number, t2: number): number {
  const right = projectorMoments(n, q);
  const squaredTrace = oneSided(right, 1, t2); // E tr(G Q Gᵀ)²
  const traceOfSquare = right.a * t2 + right.b * (t2 + 1); // E tr((G Q Gᵀ)²)
  return oneSided(projectorMoments(m, p), squaredTrace, traceOfSquare);
}

/**
 * The 95 % band of coverage = √energy for one draw of frames: quantiles of the beta distribution that has the
 * exact moments (an energy lies between 0 and 1).
 */
export function nullBand({ mean, variance }: Moments): { coverage: number; low: number; high: number } {
  const quantile = (p: number) => Math.sqrt(betaQuantile(p, mean, variance));
  return { coverage: Math.sqrt(mean), low: quantile(0.025), high: quantile(0.975) };
}
