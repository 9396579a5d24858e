/**
 * Second moments of uniformly random (Haar) frames. By invariance under rotation a projector P of rank K in `size`
 * dimensions has E[Pᵢⱼ Pₖₗ] = a δᵢⱼδₖₗ + b (δᵢₖδⱼₗ + δᵢₗδⱼₖ), where tr P = tr P² = K fixes a and b.
 *
 * `t2` is Σσ⁴/(Σσ²)² of a gradient G with ‖G‖ = 1.
 */

export interface PairOfConstants {
  readonly a: number;
  readonly b: number;
}

/** a and b of a rank-K Haar projector in `size` dimensions. */
export function projectorMoments(size: number, rank: number): PairOfConstants {
  if (size === 1) return { a: rank, b: 0 };
  const b = (rank * (size - rank)) / (size * (size - 1) * (size + 2));
  return { a: (rank * rank - 2 * b * size) / (size * size), b };
}

/** a and b of E[uᵢuⱼwₖwₗ] = a δᵢⱼδₖₗ + b (δᵢₖδⱼₗ + δᵢₗδⱼₖ) for two orthonormal Haar vectors u, w. */
export function pairMoments(size: number): PairOfConstants {
  const a = (size + 1) / (size * (size - 1) * (size + 2));
  return { a, b: -a / (size + 1) };
}

/** E[tr(S P)²] from t1 = (tr S)² and t2 = tr S². */
export const oneSided = ({ a, b }: PairOfConstants, t1: number, t2: number): number => a * t1 + 2 * b * t2;

/** E[‖P G Q‖⁴] for independent projectors of ranks p and q, ‖G‖ = 1. */
export function twoSided(m: number, n: number, p: number, q: number, t2: number): number {
  const right = projectorMoments(n, q);
  const squaredTrace = oneSided(right, 1, t2); // E tr(G Q Gᵀ)²
  const traceOfSquare = right.a * t2 + right.b * (t2 + 1); // E tr((G Q Gᵀ)²)
  return oneSided(projectorMoments(m, p), squaredTrace, traceOfSquare);
}
