/** Eigenvalues and eigenvectors of dense symmetric matrices, with the large products left to an engine. */
import { invariant } from '../errors/index.ts';
import { frobeniusNorm, largestMagnitude, multiply, transpose } from './matrix.ts';
import { orthonormalize } from './qr.ts';
import { createRng } from './rng.ts';
import { orientColumns } from './signs.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';
import { applyReflections, type Tridiagonal, tridiagonalize } from './tridiagonal.ts';
import { inverseIteration, tridiagonalValues } from './tridiagonal-eigen.ts';

export interface DecompositionOptions {
  /** How many leading vectors to compute; all of them by default. */
  readonly rank?: number;
  /** What multiplies large matrices; plain loops by default. */
  readonly product?: MatrixProduct;
}

/** The eigenvalues of a symmetric matrix, and its eigenvectors on demand. */
export interface Spectrum {
  /** All n of them, descending. */
  readonly values: Float64Array;
  /** Orthonormal eigenvectors, as columns, of values from … to − 1. */
  vectors(from: number, to: number): Promise<Matrix>;
}

/**
 * Eigenvalues (all n, descending) and the leading `rank` eigenvectors [n, rank] of a symmetric matrix [n, n], of
 * which only the lower half is read. Values are right within a few ε‖a‖; vectors are orthonormal within 1e-12, and
 * the entry of largest magnitude of each is positive.
 */
export async function symmetricEigen(
  a: Matrix,
  options: DecompositionOptions = {},
): Promise<{ values: Float64Array; vectors: Matrix }> {
  const { rank = a.rows, product = multiply } = options;
  invariant(rank > 0 && rank <= a.rows, `${rank} eigenvectors of a ${a.rows}×${a.cols} matrix`);
  const { values, vectors: vectorsOf } = spectrumOf(a, product);
  const vectors = await vectorsOf(0, rank);
  orientColumns(vectors);
  return { values, vectors };
}

/** All eigenvalues of a symmetric matrix [n, n], of which only the lower half is read, descending. */
export function symmetricValues(a: Matrix): Float64Array {
  return spectrumOf(a, multiply).values;
}

/** Householder tridiagonal form, QL for the values, inverse iteration for the vectors. */
export function spectrumOf(a: Matrix, product: MatrixProduct): Spectrum {
  invariant(a.rows === a.cols, `eigenvalues of a ${a.rows}×${a.cols} matrix`);
  const { scaled, scale } = scaleToOne(a);
  const form = tridiagonalize(scaled);
  const scaledValues = tridiagonalValues(form.diagonal, form.offDiagonal);
  return {
    values: scaledValues.map((value) => value * scale),
    async vectors(from, to) {
      const vectors = await tridiagonalVectors(form, scaledValues.subarray(from, to), product);
      await applyReflections(form, vectors, product);
      return vectors;
    },
  };
}

/** `a` divided by a power of two, which is exact, so that its largest entry is between 1 and 2. */
export function scaleToOne(a: Matrix): { scaled: Matrix; scale: number } {
  const largest = largestMagnitude(a);
  invariant(Number.isFinite(largest), 'a decomposition of a matrix with entries that are not finite');
  if (largest === 0) return { scaled: a, scale: 1 };
  const scale = 2 ** Math.max(-1022, Math.floor(Math.log2(largest)));
  return {
    scaled: matrix(
      a.rows,
      a.cols,
      a.data.map((value) => value / scale),
    ),
    scale,
  };
}

/** Orthonormal eigenvectors of T, as columns, for consecutive eigenvalues. */
async function tridiagonalVectors(
  { diagonal, offDiagonal }: Tridiagonal,
  values: Float64Array,
  product: MatrixProduct,
): Promise<Matrix> {
  const rng = createRng(0);
  const starts = matrix(values.length, diagonal.length).data.map(() => rng.uniform() - 0.5);
  const z = matrix(values.length, diagonal.length, starts);
  inverseIteration(diagonal, offDiagonal, values, z, 3);
  const columns = transpose(z);
  const polished = await polish(columns, product);
  if (polished !== undefined) return polished;

  // Vectors of values that ε cannot tell apart came out nearly parallel. Making them orthonormal brings their
  // rounding errors, which are no eigenvectors, to light; one more iteration from there removes these.
  const again = transpose(await orthonormalize(columns, product));
  inverseIteration(diagonal, offDiagonal, values, again, 1);
  const better = transpose(again);
  return (await polish(better, product)) ?? orthonormalize(better, product);
}

/**
 * The orthonormal matrix nearest to nearly orthonormal columns, by Newton–Schulz steps Z ← Z + ½ Z (I − ZᵀZ),
 * which square the error; undefined when the columns are too far from it. Being symmetric, a step mixes two
 * eigenvectors by ε / gap at most, which costs an eigenpair no more than ε.
 */
async function polish(columns: Matrix, product: MatrixProduct): Promise<Matrix | undefined> {
  let z = columns;
  for (;;) {
    const error = await product(z, z, { transposeA: true });
    for (let i = 0; i < error.data.length; i++) error.data[i] = -error.data[i]! / 2;
    for (let i = 0; i < error.rows; i++) error.data[i * error.cols + i]! += 0.5;
    const size = frobeniusNorm(error);
    if (size > 0.25) return undefined;
    const change = await product(z, error);
    for (let i = 0; i < change.data.length; i++) change.data[i]! += z.data[i]!;
    z = change;
    // What is left is of order size²: nothing that another look would find.
    if (size < 1e-8) return z;
  }
}
