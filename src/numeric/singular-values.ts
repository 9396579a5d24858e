/** Singular values without vectors. */
import { multiply, transpose } from './matrix.ts';
import { scaleToOne, spectrumOf } from './symmetric-eigen.ts';
import type { Matrix, MatrixProduct } from './tensor.ts';

/**
 * A singular value below this share of the largest is taken from a smaller problem of its own, since the error
 * of a root of an eigenvalue of aᵀa is ε σ₁² / σ.
 */
export const RESOLVED = 1e-3;

/** What is below this share of the largest may be a trace of the large directions, and counts as zero. */
const NEGLIGIBLE = 1e-12;

/**
 * All min(m, n) singular values of `a` [m, n], descending, within 1e-12·σ₁. Those below 1e-12·σ₁ are 0.
 */
export async function singularValues(a: Matrix, product: MatrixProduct = multiply): Promise<Float64Array> {
  const { scaled, scale } = scaleToOne(a.rows >= a.cols ? a : transpose(a));
  const values = (await valuesOfTall(scaled, 0, product)).sort().reverse();
  const floor = NEGLIGIBLE * (values[0] ?? 0);
  return values.map((value) => (value < floor ? 0 : value * scale));
}

/**
 * All min(m, n) singular values of `a` [m, n], descending, as roots of the eigenvalues of its Gram matrix: one
 * reduction, several times as fast as {@link singularValues} on a steep spectrum, and within 1e-7 of the largest
 * only. Enough for sums of squares, effective ranks and figures.
 */
export async function gramSingularValues(
  a: Matrix,
  product: MatrixProduct = multiply,
): Promise<Float64Array> {
  const { scaled, scale } = scaleToOne(a);
  const gram = await product(scaled, scaled, a.rows >= a.cols ? { transposeA: true } : { transposeB: true });
  return spectrumOf(gram, product).values.map((value) => Math.sqrt(Math.max(0, value)) * scale);
}

/** Singular values of a tall matrix; all zero when the largest is not above `floor`. */
async function valuesOfTall(a: Matrix, floor: number, product: MatrixProduct): Promise<Float64Array> {
  const spectrum = spectrumOf(await product(a, a, { transposeA: true }), product);
  const values = spectrum.values.map((value) => Math.sqrt(Math.max(0, value)));
  const largest = values[0] ?? 0;
  if (largest <= floor) return values.fill(0);
  const resolved = values.findIndex((value) => value < RESOLVED * largest);
  if (resolved < 0) return values;

  const rest = await product(a, await spectrum.vectors(resolved, a.cols));
  const restFloor = floor === 0 ? NEGLIGIBLE * largest : floor;
  values.set(await valuesOfTall(rest, restFloor, product), resolved);
  return values;
}
