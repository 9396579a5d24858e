/** Products of adapters' factors, in float64. */
import { type Matrix, matrix, type Tensor } from '../numeric/index.ts';

/** a · b in plain loops: the products here have a short inner side. */
export function times(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    const row = result.data.subarray(i * b.cols, (i + 1) * b.cols);
    for (let k = 0; k < a.cols; k++) {
      const weight = a.data[i * a.cols + k]!;
      if (weight === 0) continue;
      for (let j = 0; j < b.cols; j++) row[j]! += weight * b.data[k * b.cols + j]!;
    }
  }
  return result;
}

/** The rows of a matrix, each times its factor. */
export function scaledRows(a: Matrix, factors: Float64Array): Matrix {
  const data = a.data.map((value, index) => value * factors[Math.floor(index / a.cols)]!);
  return { ...a, data };
}

/** A tensor of one or two dimensions; one is a column. */
export function toMatrix({ shape, data }: Tensor): Matrix {
  return matrix(shape[0]!, shape[1] ?? 1, Float64Array.from(data as Float32Array));
}
