/** Blocks of columns between the engine, which multiplies them, and this side, which solves small problems. */
import { cast, matmul, mul, sub, type Value } from '../../graph/index.ts';
import {
  float32,
  invertLower,
  type Matrix,
  matrix,
  multiply,
  type Tensor,
  transpose,
  tryCholesky,
} from '../../numeric/index.ts';

/** x (3 − xᵀx) / 2: nearer to orthonormal columns, by the square of the error. */
export function newtonSchulz(x: Value): Value {
  const constant = (value: number) =>
    x.dtype === 'float64'
      ? x.graph.constant({ dtype: 'float64', shape: [1], data: Float64Array.of(value) })
      : x.graph.scalar(value);
  const change = matmul(x, matmul(x, x, { transposeA: true }));
  return sub(mul(x, constant(1.5)), mul(change, constant(0.5)));
}

/** xᵀx in float64: how far columns are from orthonormal is told by small differences. */
export function overlapOf(x: Value): Value {
  const wide = cast(x, 'float64');
  return matmul(wide, wide, { transposeA: true });
}

/**
 * What makes a block's columns orthonormal, from their overlap: scaled to length 1, then L⁻ᵀ of L Lᵀ. Undefined when
 * they are dependent.
 */
export async function orthonormalizing(overlap: Tensor): Promise<Tensor | undefined> {
  const gram = toMatrix(overlap);
  const n = gram.rows;
  const lengths = Float64Array.from({ length: n }, (_, i) => Math.sqrt(gram.data[i * n + i]!));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) gram.data[i * n + j]! /= lengths[i]! * lengths[j]!;
  }
  const outcome = await tryCholesky(gram, multiply);
  if (!('lower' in outcome)) return undefined;
  const mix = transpose(await invertLower(outcome.lower));
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) mix.data[i * n + j]! /= lengths[i]!;
  return asFloat64(mix);
}

export const asFloat64 = ({ rows, cols, data }: Matrix): Tensor => ({
  dtype: 'float64',
  shape: [rows, cols],
  data,
});

export const asFloat32 = ({ rows, cols, data }: Matrix): Tensor => float32([rows, cols], data);

/** A float64 result of the engine, which nobody else has. */
export const toMatrix = ({ shape, data }: Tensor): Matrix =>
  matrix(shape[0]!, shape[1]!, data as Float64Array);
