/** Elementary operations on dense float64 matrices. */
import { invariant } from '../errors/index.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';

const TILE = 64;

/**
 * `op(a) · op(b)` in plain loops: the default product, and the oracle for faster ones. An operand that is to be
 * transposed is copied first, which costs little beside the product.
 */
export const multiply: MatrixProduct = async (a, b, options = {}) => {
  const left = options.transposeA ? transpose(a) : a;
  const right = options.transposeB ? transpose(b) : b;
  invariant(
    left.cols === right.rows,
    `product of ${left.rows}×${left.cols} with ${right.rows}×${right.cols}`,
  );
  const result = matrix(left.rows, right.cols);
  for (let inner = 0; inner < left.cols; inner += TILE) {
    const end = Math.min(inner + TILE, left.cols);
    for (let row = 0; row < left.rows; row++) accumulateRow(result, left, right, row, inner, end);
  }
  return result;
};

/** Adds a[row, from..to] · b[from..to, :] to c[row, :], four rows of b at a time. */
function accumulateRow(c: Matrix, a: Matrix, b: Matrix, row: number, from: number, to: number): void {
  const n = b.cols;
  const target = c.data.subarray(row * n, row * n + n);
  const weights = a.data.subarray(row * a.cols, row * a.cols + a.cols);
  const source = b.data;
  let k = from;
  for (; k + 3 < to; k += 4) {
    const w0 = weights[k]!;
    const w1 = weights[k + 1]!;
    const w2 = weights[k + 2]!;
    const w3 = weights[k + 3]!;
    const o0 = k * n;
    const o1 = o0 + n;
    const o2 = o1 + n;
    const o3 = o2 + n;
    for (let j = 0; j < n; j++) {
      target[j]! +=
        w0 * source[o0 + j]! + w1 * source[o1 + j]! + (w2 * source[o2 + j]! + w3 * source[o3 + j]!);
    }
  }
  for (; k < to; k++) {
    const w = weights[k]!;
    const o = k * n;
    for (let j = 0; j < n; j++) target[j]! += w * source[o + j]!;
  }
}

/** The transpose, in tiles that stay in cache. */
export function transpose(a: Matrix): Matrix {
  const { rows, cols, data } = a;
  const result = matrix(cols, rows);
  for (let row0 = 0; row0 < rows; row0 += TILE) {
    const row1 = Math.min(row0 + TILE, rows);
    for (let col0 = 0; col0 < cols; col0 += TILE) {
      const col1 = Math.min(col0 + TILE, cols);
      for (let i = row0; i < row1; i++) {
        for (let j = col0; j < col1; j++) result.data[j * rows + i] = data[i * cols + j]!;
      }
    }
  }
  return result;
}

/** The n×n identity. */
export function identity(n: number): Matrix {
  const result = matrix(n, n);
  for (let i = 0; i < n; i++) result.data[i * n + i] = 1;
  return result;
}

/** ‖a‖_F, safe against overflow and underflow of the squares. */
export function frobeniusNorm(a: Matrix): number {
  const largest = largestMagnitude(a);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const value of a.data) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** max |aᵢⱼ|; NaN when an entry is NaN. */
export function largestMagnitude(a: Matrix): number {
  let largest = 0;
  for (const value of a.data) {
    const magnitude = Math.abs(value);
    if (!(magnitude <= largest)) largest = magnitude;
    if (Number.isNaN(largest)) return largest;
  }
  return largest;
}

/** Columns 0 … k − 1. */
export function leadingColumns(a: Matrix, k: number): Matrix {
  invariant(k <= a.cols, `${k} leading columns of a ${a.rows}×${a.cols} matrix`);
  return block(a, 0, a.rows, 0, k);
}

/** A copy of a[rowFrom..rowTo, colFrom..colTo], ends excluded. */
export function block(a: Matrix, rowFrom: number, rowTo: number, colFrom: number, colTo: number): Matrix {
  const width = colTo - colFrom;
  const result = matrix(rowTo - rowFrom, width);
  for (let row = rowFrom; row < rowTo; row++) {
    const start = row * a.cols;
    result.data.set(a.data.subarray(start + colFrom, start + colTo), (row - rowFrom) * width);
  }
  return result;
}

/** Writes `part` over `target`, its first entry at (row, col). */
export function setBlock(target: Matrix, row: number, col: number, part: Matrix): void {
  for (let i = 0; i < part.rows; i++) {
    target.data.set(part.data.subarray(i * part.cols, (i + 1) * part.cols), (row + i) * target.cols + col);
  }
}

/** A float64 copy of row-major float32 data. */
export function fromFloat32(rows: number, cols: number, data: Float32Array): Matrix {
  return matrix(rows, cols, Float64Array.from(data));
}
