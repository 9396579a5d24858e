/** What every form of export needs of an adapter: per layer, the two factors of its change. */
import type { StoredLayer } from '../../models/index.ts';
import type { Matrix } from '../../numeric/index.ts';

/** W → W + left · right, with W of m × n (inputs × outputs); any scale is folded in. */
export interface LowRankUpdate {
  readonly layer: StoredLayer;
  /** `[m, r]` */
  readonly left: Matrix;
  /** `[r, n]` */
  readonly right: Matrix;
}

/** The largest rank among the layers. */
export function largestRank(updates: readonly LowRankUpdate[]): number {
  return updates.reduce((largest, { left }) => Math.max(largest, left.cols), 0);
}

/**
 * The factors as LoRA files have them, of rank `rank` (zeros beyond the update's own) and float32:
 * A = leftᵀ `[rank, m]` and B = rightᵀ `[n, rank]`, so that y = x Aᵀ Bᵀ. B is multiplied by `scale`.
 */
export function loraFactors(
  { left, right }: LowRankUpdate,
  rank: number,
  scale = 1,
): { readonly a: Float32Array; readonly b: Float32Array } {
  const [m, n, own] = [left.rows, right.cols, left.cols];
  const a = new Float32Array(rank * m);
  const b = new Float32Array(n * rank);
  for (let k = 0; k < own; k++) {
    for (let i = 0; i < m; i++) a[k * m + i] = left.data[i * own + k]!;
    for (let j = 0; j < n; j++) b[j * rank + k] = scale * right.data[k * n + j]!;
  }
  return { a, b };
}
