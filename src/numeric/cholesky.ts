/** Cholesky factors of positive definite matrices, and inverses of triangular ones, at the speed of products. */
import { invariant, UserError } from '../errors/index.ts';
import { block, multiply, setBlock } from './matrix.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';

/** Diagonal blocks of this size are treated in plain loops, everything else by products. */
const BLOCK = 96;

/**
 * The lower triangular L, with positive diagonal, of `a = L Lᵀ`. Only the lower half of `a` [n, n] is read.
 * Leading blocks of L are the factors of the leading blocks of `a`.
 * @throws UserError `not-positive-definite`, naming the first pivot that is not positive.
 */
export async function cholesky(a: Matrix, product: MatrixProduct = multiply): Promise<Matrix> {
  const outcome = await tryCholesky(a, product);
  if ('lower' in outcome) return outcome.lower;
  throw new UserError('not-positive-definite', {
    what: `A symmetric ${a.rows}×${a.cols} matrix is not positive definite.`,
    got: `pivot ${outcome.pivot} of ${a.rows} is ${outcome.value}`,
    expected: 'every pivot positive',
    fix: 'Add a ridge to its diagonal (or a larger one), or gather more samples.',
  });
}

/** As {@link cholesky}, with a failure as a value: the pivot (counted from 0) and what it came to. */
export async function tryCholesky(
  a: Matrix,
  product: MatrixProduct,
): Promise<{ readonly lower: Matrix } | { readonly pivot: number; readonly value: number }> {
  invariant(a.rows === a.cols, `Cholesky factor of a ${a.rows}×${a.cols} matrix`);
  const n = a.rows;
  const lower = matrix(n, n);
  for (let from = 0; from < n; from += BLOCK) {
    const to = Math.min(from + BLOCK, n);
    // A block column of a, less what the columns to its left explain: one product per block column.
    const column = block(a, from, n, from, to);
    if (from > 0) {
      const left = block(lower, from, n, 0, from);
      const top = block(lower, from, to, 0, from);
      const explained = await product(left, top, { transposeB: true });
      for (let i = 0; i < column.data.length; i++) column.data[i]! -= explained.data[i]!;
    }
    const diagonal = block(column, 0, to - from, 0, to - from);
    const failure = factorInPlace(diagonal);
    if (failure !== undefined) return { pivot: from + failure.pivot, value: failure.value };
    setBlock(lower, from, from, diagonal);
    if (to === n) break;
    // Below the diagonal block D: X Dᵀ = rest, so X = rest · D⁻ᵀ.
    const below = block(column, to - from, n - from, 0, to - from);
    setBlock(lower, to, from, await product(below, invertSmall(diagonal), { transposeB: true }));
  }
  return { lower };
}

/**
 * The inverse of a lower triangular matrix [n, n], itself lower triangular; its leading blocks are the inverses
 * of the leading blocks. Entries above the diagonal are not read. The diagonal must have no zero.
 */
export async function invertLower(l: Matrix, product: MatrixProduct = multiply): Promise<Matrix> {
  invariant(l.rows === l.cols, `inverse of a ${l.rows}×${l.cols} matrix`);
  const n = l.rows;
  const inverse = matrix(n, n);
  for (let from = 0; from < n; from += BLOCK) {
    const to = Math.min(from + BLOCK, n);
    const diagonal = invertSmall(block(l, from, to, from, to));
    setBlock(inverse, from, from, diagonal);
    if (from === 0) continue;
    // Block row i of L·X = I reads L_i,<i X_<i + L_ii X_i = 0.
    const known = block(inverse, 0, from, 0, from);
    const row = await product(block(l, from, to, 0, from), known);
    const solved = await product(diagonal, row);
    for (let i = 0; i < solved.data.length; i++) solved.data[i] = -solved.data[i]!;
    setBlock(inverse, from, 0, solved);
  }
  return inverse;
}

/** Turns the lower half of a small matrix into its Cholesky factor and clears the upper half. */
function factorInPlace(a: Matrix): { pivot: number; value: number } | undefined {
  const n = a.rows;
  const { data } = a;
  for (let j = 0; j < n; j++) {
    let pivot = data[j * n + j]!;
    for (let k = 0; k < j; k++) pivot -= data[j * n + k]! ** 2;
    if (!(pivot > 0 && pivot < Number.POSITIVE_INFINITY)) return { pivot: j, value: pivot };
    const root = Math.sqrt(pivot);
    data[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = data[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= data[i * n + k]! * data[j * n + k]!;
      data[i * n + j] = sum / root;
      data[j * n + i] = 0;
    }
  }
  return undefined;
}

/** The inverse of a small lower triangular matrix by forward substitution, row by row. */
function invertSmall(l: Matrix): Matrix {
  const n = l.rows;
  const inverse = matrix(n, n);
  const { data } = inverse;
  for (let i = 0; i < n; i++) {
    const pivot = l.data[i * n + i]!;
    invariant(pivot !== 0, 'the diagonal of a triangular matrix that is to be inverted has no zero');
    // Rows are added to rows, not multiplied with each other: no addition waits for the one before.
    for (let k = 0; k < i; k++) {
      const weight = l.data[i * n + k]!;
      for (let j = 0; j <= k; j++) data[i * n + j]! -= weight * data[k * n + j]!;
    }
    for (let j = 0; j < i; j++) data[i * n + j]! /= pivot;
    data[i * n + i] = 1 / pivot;
  }
  return inverse;
}
