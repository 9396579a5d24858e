/** Singular value decomposition by way of the Gram matrix of the short side, with its lost digits recovered. */
import { invariant } from '../errors/index.ts';
import { block, leadingColumns, multiply, transpose } from './matrix.ts';
import { orthonormalize } from './qr.ts';
import { createRng } from './rng.ts';
import { orientColumns } from './signs.ts';
import { RESOLVED } from './singular-values.ts';
import { type DecompositionOptions, scaleToOne, spectrumOf } from './symmetric-eigen.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';

/** a ≈ u · diag(s) · vᵀ with orthonormal columns on both sides. */
export interface SingularValueDecomposition {
  /** [m, rank] */
  readonly u: Matrix;
  /** [rank], descending */
  readonly s: Float64Array;
  /** [n, rank] */
  readonly v: Matrix;
}

/**
 * The leading `rank` singular triples (all min(m, n) by default) of `a` [m, n]. Singular values are right within
 * 1e-12·σ₁, and 0 where rounding hides them (below max(m, n)·ε·σ₁); u and v are orthonormal within 1e-12 whatever
 * the rank of `a`. The entry of largest magnitude of each column of u is positive.
 */
export async function svd(
  a: Matrix,
  options: DecompositionOptions = {},
): Promise<SingularValueDecomposition> {
  const shortSide = Math.min(a.rows, a.cols);
  const { rank = shortSide, product = multiply } = options;
  invariant(rank > 0 && rank <= shortSide, `${rank} singular vectors of a ${a.rows}×${a.cols} matrix`);
  const tall = a.rows >= a.cols;
  const { scaled, scale } = scaleToOne(tall ? a : transpose(a));

  const found = sorted(await decomposeTall(scaled, rank, 0, product));
  const floor = roundingFloor(a) * (found.lengths[0] ?? 0);
  const lengths = found.lengths.map((length) => (length < floor ? 0 : length));
  fillNullColumns(found.images, lengths);
  const long = await orthonormalize(found.images, product);
  const [u, v] = tall ? [long, found.right] : [found.right, long];
  orientColumns(u, v);
  return { u, s: lengths.map((length) => length * scale), v };
}

/** Right singular vectors as columns, their images a·right, and the lengths of these: the singular values. */
interface Triples {
  readonly right: Matrix;
  readonly images: Matrix;
  readonly lengths: Float64Array;
}

/**
 * Singular triples of a tall matrix [m, n]. The Gram matrix resolves directions down to RESOLVED·σ₁; what lies
 * below is a smaller problem: `a` on the remaining right vectors, cleared of the images already found, whose Gram
 * matrix has a scale of its own. When σ₁ is not above `floor`, everything counts as zero.
 */
async function decomposeTall(
  a: Matrix,
  rank: number,
  floor: number,
  product: MatrixProduct,
): Promise<Triples> {
  const spectrum = spectrumOf(await product(a, a, { transposeA: true }), product);
  const largest = Math.sqrt(Math.max(0, spectrum.values[0] ?? 0));
  if (largest <= floor) {
    const right = matrix(a.cols, rank);
    for (let j = 0; j < rank; j++) right.data[j * rank + j] = 1;
    return { right, images: matrix(a.rows, rank), lengths: new Float64Array(rank) };
  }
  const unresolved = spectrum.values.findIndex((value) => value < (RESOLVED * largest) ** 2);
  if (unresolved < 0 || unresolved >= rank) {
    const right = await spectrum.vectors(0, rank);
    const images = await product(a, right);
    return { right, images, lengths: columnLengths(images) };
  }

  const right = await spectrum.vectors(0, a.cols);
  const images = await product(a, right);
  const head = leadingColumns(images, unresolved);
  const lengths = columnLengths(head);
  const rest = block(images, 0, a.rows, unresolved, a.cols);
  await removeSpan(rest, divideColumns(head, lengths), product);
  const restFloor = floor === 0 ? roundingFloor(a) * largest : floor;
  const tail = await decomposeTall(rest, rank - unresolved, restFloor, product);
  const remaining = block(right, 0, a.cols, unresolved, a.cols);
  return {
    right: beside(leadingColumns(right, unresolved), await product(remaining, tail.right)),
    images: beside(head, tail.images),
    lengths: Float64Array.of(...lengths, ...tail.lengths),
  };
}

/** Singular values below this share of the largest are rounding errors of the products, and count as zero. */
function roundingFloor(a: Matrix): number {
  return Math.max(a.rows, a.cols) * 2 ** -52;
}

/** rest ← rest − q qᵀ rest */
async function removeSpan(rest: Matrix, q: Matrix, product: MatrixProduct): Promise<void> {
  const shared = await product(q, await product(q, rest, { transposeA: true }));
  for (let i = 0; i < rest.data.length; i++) rest.data[i]! -= shared.data[i]!;
}

/** Triples in descending order; they come from problems of different scale, which may overlap by a rounding. */
function sorted({ right, images, lengths }: Triples): Triples {
  const order = Array.from(lengths.keys()).sort((i, j) => lengths[j]! - lengths[i]!);
  return {
    right: pickColumns(right, order),
    images: pickColumns(images, order),
    lengths: Float64Array.from(order, (index) => lengths[index]!),
  };
}

/** Images of length 0 have no direction: random ones take their place, for orthonormalisation to finish. */
function fillNullColumns(images: Matrix, lengths: Float64Array): void {
  const rng = createRng(0);
  lengths.forEach((length, j) => {
    if (length > 0) return;
    for (let i = 0; i < images.rows; i++) images.data[i * images.cols + j] = rng.normal();
  });
}

function columnLengths(a: Matrix): Float64Array {
  const squares = new Float64Array(a.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) squares[j]! += a.data[i * a.cols + j]! ** 2;
  }
  return squares.map(Math.sqrt);
}

function divideColumns(a: Matrix, divisors: Float64Array): Matrix {
  return matrix(
    a.rows,
    a.cols,
    a.data.map((value, i) => value / divisors[i % a.cols]!),
  );
}

function pickColumns(a: Matrix, order: readonly number[]): Matrix {
  const result = matrix(a.rows, order.length);
  for (let i = 0; i < a.rows; i++) {
    order.forEach((source, j) => {
      result.data[i * order.length + j] = a.data[i * a.cols + source]!;
    });
  }
  return result;
}

function beside(left: Matrix, right: Matrix): Matrix {
  const result = matrix(left.rows, left.cols + right.cols);
  for (let i = 0; i < left.rows; i++) {
    result.data.set(left.data.subarray(i * left.cols, (i + 1) * left.cols), i * result.cols);
    result.data.set(right.data.subarray(i * right.cols, (i + 1) * right.cols), i * result.cols + left.cols);
  }
  return result;
}
