/** Reduction of a symmetric matrix to tridiagonal form by Householder reflections, and the way back. */
import { block, setBlock } from './matrix.ts';
import { type Matrix, type MatrixProduct, matrix } from './tensor.ts';

/** T = Qᵀ A Q with Q = H₀ H₁ … Hₙ₋₂, each Hₖ = I − βₖ xₖ xₖᵀ with xₖ zero down to row k. */
export interface Tridiagonal {
  /** [n] */
  readonly diagonal: Float64Array;
  /** [n], entry k couples k and k + 1; the last is 0. */
  readonly offDiagonal: Float64Array;
  readonly beta: Float64Array;
  /** xₖ without its zeros: rows k + 1 … n − 1. */
  readonly reflectors: readonly Float64Array[];
}

/** A column whose squares add to less than this is zero beside a matrix of entries near 1. */
const NEGLIGIBLE_SQUARE = 1e-290;

/** Reflections are applied in groups of this size, by products. */
const GROUP = 64;

/**
 * Tridiagonal form of the symmetric matrix `a` [n, n], of which only the lower half is read. Its entries should
 * be of order 1. Each step updates A ← A − v wᵀ − w vᵀ in the same sweep over memory that multiplies the new A by
 * the next reflector: memory is what limits this reduction.
 */
export function tridiagonalize(a: Matrix): Tridiagonal {
  const n = a.rows;
  const data = a.data.slice();
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const beta = new Float64Array(n);
  const reflectors: Float64Array[] = [];
  let v = new Float64Array(n);
  let x = new Float64Array(n);
  const w = new Float64Array(n);
  const y = new Float64Array(n);

  for (let k = 0; k < n; k++) {
    // Column k has not seen the pending update yet, nor has anything below it.
    for (let i = k; i < n; i++) x[i] = data[i * n + k]! - v[i]! * w[k]! - w[i]! * v[k]!;
    diagonal[k] = x[k]!;
    x[k] = 0;
    if (k === n - 1) break;
    const reflection = reflect(x, k + 1);
    offDiagonal[k] = reflection.image;
    beta[k] = reflection.beta;
    reflectors.push(x.slice(k + 1));

    updateAndMultiply(data, n, k + 1, v, w, x, y);
    let overlap = 0;
    for (let i = k + 1; i < n; i++) {
      y[i]! *= reflection.beta;
      overlap += y[i]! * x[i]!;
    }
    const half = 0.5 * reflection.beta * overlap;
    for (let i = k + 1; i < n; i++) w[i] = y[i]! - half * x[i]!;
    [v, x] = [x, v];
  }
  return { diagonal, offDiagonal, beta, reflectors };
}

/** Turns x[from..] into the vector of the reflection that maps it to (image, 0, …, 0). */
function reflect(x: Float64Array, from: number): { image: number; beta: number } {
  const first = x[from]!;
  let tail = 0;
  for (let i = from + 1; i < x.length; i++) tail += x[i]! * x[i]!;
  if (tail < NEGLIGIBLE_SQUARE) return { image: first, beta: 0 };
  const square = tail + first * first;
  const image = first > 0 ? -Math.sqrt(square) : Math.sqrt(square);
  x[from] = first - image;
  return { image, beta: 1 / (square - first * image) };
}

/**
 * A ← A − v wᵀ − w vᵀ and y = A x, on the lower half of rows and columns `from` … n − 1. Four rows at a time:
 * v, w, x and y are then read once for four entries of A.
 */
function updateAndMultiply(
  data: Float64Array,
  n: number,
  from: number,
  v: Float64Array,
  w: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  /** One row of the lower half, from column `start` to the diagonal. */
  const updateRow = (i: number, start: number) => {
    const offset = i * n;
    let sum = 0;
    for (let j = start; j < i; j++) {
      const entry = data[offset + j]! - v[i]! * w[j]! - w[i]! * v[j]!;
      data[offset + j] = entry;
      sum += entry * x[j]!;
      y[j]! += entry * x[i]!;
    }
    const entry = data[offset + i]! - 2 * v[i]! * w[i]!;
    data[offset + i] = entry;
    y[i]! += sum + entry * x[i]!;
  };

  y.fill(0);
  let i = from;
  for (; i < n && (n - i) % 4 !== 0; i++) updateRow(i, from);
  for (; i < n; i += 4) {
    const o0 = i * n;
    const o1 = o0 + n;
    const o2 = o1 + n;
    const o3 = o2 + n;
    const [v0, v1, v2, v3] = [v[i]!, v[i + 1]!, v[i + 2]!, v[i + 3]!];
    const [w0, w1, w2, w3] = [w[i]!, w[i + 1]!, w[i + 2]!, w[i + 3]!];
    const [x0, x1, x2, x3] = [x[i]!, x[i + 1]!, x[i + 2]!, x[i + 3]!];
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let j = from; j < i; j++) {
      const vj = v[j]!;
      const wj = w[j]!;
      const xj = x[j]!;
      const e0 = data[o0 + j]! - v0 * wj - w0 * vj;
      const e1 = data[o1 + j]! - v1 * wj - w1 * vj;
      const e2 = data[o2 + j]! - v2 * wj - w2 * vj;
      const e3 = data[o3 + j]! - v3 * wj - w3 * vj;
      data[o0 + j] = e0;
      data[o1 + j] = e1;
      data[o2 + j] = e2;
      data[o3 + j] = e3;
      sum0 += e0 * xj;
      sum1 += e1 * xj;
      sum2 += e2 * xj;
      sum3 += e3 * xj;
      y[j]! += e0 * x0 + e1 * x1 + (e2 * x2 + e3 * x3);
    }
    y[i]! += sum0;
    y[i + 1]! += sum1;
    y[i + 2]! += sum2;
    y[i + 3]! += sum3;
    for (let row = i; row < i + 4; row++) updateRow(row, i);
  }
}

/**
 * Q z for the Q of the reduction, in place on z [n, k]. Groups of reflections become I − Y T Yᵀ with Y [n, group]
 * and T upper triangular (compact WY form: Schreiber & Van Loan, 1989).
 */
export async function applyReflections(form: Tridiagonal, z: Matrix, product: MatrixProduct): Promise<void> {
  const n = form.diagonal.length;
  const last = Math.floor((n - 2) / GROUP) * GROUP;
  for (let from = last; from >= 0; from -= GROUP) {
    const to = Math.min(from + GROUP, n - 1);
    // These reflections leave rows 0 … from alone.
    const rows = n - from - 1;
    const y = matrix(to - from, rows);
    for (let k = from; k < to; k++) y.data.set(form.reflectors[k]!, (k - from) * rows + (k - from));
    const t = triangularFactor(y, await product(y, y, { transposeB: true }), form.beta.subarray(from, to));

    const part = block(z, from + 1, n, 0, z.cols);
    const weights = await product(t, await product(y, part));
    const change = await product(y, weights, { transposeA: true });
    for (let i = 0; i < change.data.length; i++) part.data[i]! -= change.data[i]!;
    setBlock(z, from + 1, 0, part);
  }
}

/** The T of I − Y T Yᵀ = H₀ H₁ … from the inner products of the reflectors, column by column. */
function triangularFactor(y: Matrix, gram: Matrix, beta: Float64Array): Matrix {
  const size = y.rows;
  const t = matrix(size, size);
  for (let j = 0; j < size; j++) {
    t.data[j * size + j] = beta[j]!;
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += t.data[i * size + k]! * gram.data[k * size + j]!;
      t.data[i * size + j] = -beta[j]! * sum;
    }
  }
  return t;
}
