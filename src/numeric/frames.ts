/** Random frames, and the angles between frames. */
import { invariant } from '../errors/index.ts';
import { multiply } from './matrix.ts';
import { orthonormalize } from './qr.ts';
import type { Rng } from './rng.ts';
import { singularValues } from './singular-values.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';

/**
 * A frame [rows, columns] drawn uniformly (Haar measure): the Q of a Gaussian matrix's QR with positive diagonal
 * of R. The Gaussian is drawn column by column, so with one seed a narrow frame is the beginning of a wide one.
 */
export async function haarFrame(
  rows: number,
  columns: number,
  rng: Rng,
  product: MatrixProduct = multiply,
): Promise<Matrix> {
  invariant(columns <= rows, `a frame of ${columns} columns in ${rows} dimensions`);
  const gaussian = matrix(rows, columns);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) gaussian.data[i * columns + j] = rng.normal();
  }
  return orthonormalize(gaussian, product);
}

/**
 * Cosines of the principal angles between the spans of two frames a [n, k] and b [n, l], descending: the
 * min(k, l) singular values of aᵀb. All ones when one span contains the other.
 */
export async function principalAngles(
  a: Matrix,
  b: Matrix,
  product: MatrixProduct = multiply,
): Promise<Float64Array> {
  const overlap = await product(a, b, { transposeA: true });
  return (await singularValues(overlap, product)).map((cosine) => Math.min(1, cosine));
}
