/** Scalar functions and sums of the reference kernels. */

/**
 * erf(x) = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!: all terms have one sign, so nothing cancels.
 * Source: Abramowitz and Stegun 7.1.6.
 */
export function erf(x: number): number {
  // Beyond 6 the distance to ±1 is below the spacing of doubles.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** 1 / (1 + e^(−x)). */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Σ values. */
export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

/** Σ values / n. */
export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** The largest of any number of values. */
export function largest(values: Iterable<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) max = Math.max(max, value);
  return max;
}

/** Σ exp(value − max). */
export function sumOfExponentials(values: Iterable<number>): number {
  const max = largest(values);
  return sum(Array.from(values, (value) => Math.exp(value - max)));
}
