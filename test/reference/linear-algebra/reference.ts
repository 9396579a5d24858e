/** Matrices that scripts/reference/make-linear-algebra.py builds too, and measures of how good a factor is. */
import { readFileSync } from 'node:fs';
import { type Matrix, matrix, multiply } from '../../../src/numeric/index.ts';

/** A stored file of reference values. */
export function readReference(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
}

/** 32-bit linear congruential integers mapped to [-0.5, 0.5). */
export function lcg(rows: number, cols: number, seed: number): Matrix {
  let state = seed;
  const next = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return matrix(rows, cols, Float64Array.from({ length: rows * cols }, next));
}

/** An lcg matrix whose columns shrink by powers of ten. */
export function decaying(rows: number, cols: number, seed: number, decades: number): Matrix {
  const a = lcg(rows, cols, seed);
  const scaled = a.data.map((value, i) => value * 10 ** ((-decades * (i % cols)) / (cols - 1)));
  return matrix(rows, cols, scaled);
}

/** A sum of `rank` outer products. */
export function lowRank(rows: number, cols: number, rank: number, seed: number): Matrix {
  const left = lcg(rows, rank, seed);
  const right = lcg(rank, cols, seed + 1);
  const result = matrix(rows, cols);
  for (let k = 0; k < rank; k++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        result.data[i * cols + j]! += left.data[i * rank + k]! * right.data[k * cols + j]!;
      }
    }
  }
  return result;
}

/** max |aᵢⱼ − bᵢⱼ| */
export function distance(a: Matrix, b: Matrix): number {
  if (a.rows !== b.rows || a.cols !== b.cols) throw new Error('matrices of different shape');
  let largest = 0;
  a.data.forEach((value, i) => {
    const difference = Math.abs(value - b.data[i]!);
    if (!(difference <= largest)) largest = difference; // NaN counts as far
  });
  return largest;
}

/** max |qᵀq − I| */
export async function orthogonalityError(q: Matrix): Promise<number> {
  const gram = await multiply(q, q, { transposeA: true });
  for (let i = 0; i < q.cols; i++) gram.data[i * q.cols + i]! -= 1;
  return distance(gram, matrix(q.cols, q.cols));
}

/** a · diag(scales) */
export function scaleColumns(a: Matrix, scales: ArrayLike<number>): Matrix {
  const data = a.data.map((value, i) => value * scales[i % a.cols]!);
  return matrix(a.rows, a.cols, data);
}
