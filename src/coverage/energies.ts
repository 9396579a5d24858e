/** Every rank from one pass: sums over leading blocks. */

/**
 * ⟨A, B⟩ over the leading K×K blocks, for K = 1 … k, of two k×k row-major matrices: entry K−1 is the sum of
 * aᵢⱼ bᵢⱼ over i, j < K. With A = B = UᵀGV it is the `core` energy at every rank.
 */
export function leadingBlockSums(a: ArrayLike<number>, b: ArrayLike<number>, k: number): Float64Array {
  const sums = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) sums[Math.max(i, j)]! += a[i * k + j]! * b[i * k + j]!;
  }
  return runningSum(sums);
}

/** Σ aᵢᵢ bᵢᵢ over the first K, for K = 1 … k: the `diagonal` energy at every rank. */
export function diagonalSums(a: ArrayLike<number>, b: ArrayLike<number>, k: number): Float64Array {
  return runningSum(Float64Array.from({ length: k }, (_, i) => a[i * k + i]! * b[i * k + i]!));
}

/** Running sums. */
export function runningSum(values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(values.length);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    total += values[i]!;
    sums[i] = total;
  }
  return sums;
}

/** The entry at a rank, where ranks past the end keep the last value: a frame cannot outgrow its layer. */
export function atRank(curve: ArrayLike<number>, rank: number): number {
  return curve[Math.min(rank, curve.length) - 1]!;
}
