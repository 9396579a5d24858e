/** Orthonormal bases of the span of a matrix's columns. */
import { invariant } from '../errors/index.ts';
import { invertLower, tryCholesky } from './cholesky.ts';
import { frobeniusNorm, multiply, transpose } from './matrix.ts';
import { createRng } from './rng.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';

/** A column that is left this short, relative to its length, is held to depend on the columns before it. */
const DEPENDENT = 1e-13;

/**
 * The Q [n, k] of `a = Q R` with a positive diagonal of R, for a of n×k with k ≤ n: its leading columns span what
 * the leading columns of `a` span, and a Gaussian `a` gives a uniformly distributed frame. QᵀQ = I within 1e-13.
 * A column that depends on those before it is replaced by a fixed pseudo-random direction orthogonal to the rest.
 *
 * CholeskyQR2 (Yamamoto et al., 2015), or Gram–Schmidt done twice where that cannot be accurate.
 */
export async function orthonormalize(a: Matrix, product: MatrixProduct = multiply): Promise<Matrix> {
  invariant(a.cols <= a.rows, `an orthonormal basis of ${a.cols} columns in ${a.rows} dimensions`);
  if (a.cols === 0) return matrix(a.rows, 0);
  const scaled = transpose(a);
  for (let j = 0; j < a.cols; j++) normalize(row(scaled, j));
  const columns = transpose(scaled);

  const once = await choleskyStep(columns, product);
  // A pass leaves an error of ε times the squared condition number of what it was given: none to speak of for
  // columns that were nearly orthonormal, and one that a second pass mends as long as it is small.
  if (once !== undefined) {
    if (once.distance < 1e-3) return once.q;
    const twice = await choleskyStep(once.q, product);
    if (twice !== undefined && twice.distance < 0.5) return twice.q;
  }
  return gramSchmidt(scaled);
}

/** q = a·L⁻ᵀ for aᵀa = L Lᵀ, and ‖aᵀa − I‖_F; undefined when aᵀa has no factor in this precision. */
async function choleskyStep(
  a: Matrix,
  product: MatrixProduct,
): Promise<{ q: Matrix; distance: number } | undefined> {
  const gram = await product(a, a, { transposeA: true });
  const outcome = await tryCholesky(gram, product);
  if (!('lower' in outcome)) return undefined;
  for (let i = 0; i < gram.rows; i++) gram.data[i * gram.cols + i]! -= 1;
  const distance = frobeniusNorm(gram);
  const inverse = await invertLower(outcome.lower, product);
  return { q: await product(a, inverse, { transposeB: true }), distance };
}

/** Gram–Schmidt over the rows of `rows` [k, n], each of length 1 or 0; overwrites them. Returns them as columns. */
function gramSchmidt(rows: Matrix): Matrix {
  const rng = createRng(0);
  for (let j = 0; j < rows.rows; j++) {
    const current = row(rows, j);
    removeSpan(rows, j, current);
    let length = normalize(current);
    while (length <= DEPENDENT) {
      for (let i = 0; i < current.length; i++) current[i] = rng.normal();
      normalize(current);
      removeSpan(rows, j, current);
      length = normalize(current);
    }
    // Cancellation in the first pass leaves a residue along earlier columns; a second pass removes it.
    removeSpan(rows, j, current);
    normalize(current);
  }
  return transpose(rows);
}

/** Takes from `vector` its components along the first `count` rows. */
function removeSpan(rows: Matrix, count: number, vector: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const direction = row(rows, i);
    let dot = 0;
    for (let k = 0; k < vector.length; k++) dot += direction[k]! * vector[k]!;
    for (let k = 0; k < vector.length; k++) vector[k]! -= dot * direction[k]!;
  }
}

/** Scales a vector to length 1 and returns the length that it had; a zero vector stays. */
function normalize(vector: Float64Array): number {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  invariant(Number.isFinite(largest), 'an orthonormal basis of columns that are not finite');
  if (largest === 0) return 0;
  let sum = 0;
  for (let k = 0; k < vector.length; k++) {
    vector[k]! /= largest;
    sum += vector[k]! ** 2;
  }
  const length = Math.sqrt(sum);
  for (let k = 0; k < vector.length; k++) vector[k]! /= length;
  return length * largest;
}

function row(a: Matrix, index: number): Float64Array {
  return a.data.subarray(index * a.cols, (index + 1) * a.cols);
}
