/** Typed-array tensors and dense float64 matrices: plain data, row-major, no methods. */
import { invariant } from '../errors/index.ts';

/** Element types that a graph value or a checkpoint tensor can have in memory. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'int8' | 'uint8' | 'bool';

interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type TensorData = ArrayOf[DType];

/** A dense row-major tensor. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A dense row-major float64 matrix [rows, cols]. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/**
 * `op(a) · op(b)`, where op transposes when asked. Injected into the decompositions, so that large products
 * can run on the engine while this room imports nothing.
 */
export type MatrixProduct = (
  a: Matrix,
  b: Matrix,
  options?: { readonly transposeA?: boolean; readonly transposeB?: boolean },
) => Promise<Matrix>;

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** A tensor over `data`; the shape must match its length. */
export function tensor(dtype: DType, shape: readonly number[], data: TensorData): Tensor {
  invariant(data.length === sizeOf(shape), `tensor data has ${data.length} elements, shape [${shape}]`);
  return { dtype, shape, data };
}

/** `length` zeros of a type. */
export function zeros(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'int8':
      return new Int8Array(length);
    default:
      return new Uint8Array(length);
  }
}

/** A float32 tensor from numbers. */
export function float32(shape: readonly number[], data: ArrayLike<number>): Tensor {
  return tensor('float32', shape, data instanceof Float32Array ? data : Float32Array.from(data));
}

/** An int64 tensor from integers. */
export function int64(shape: readonly number[], data: ArrayLike<number>): Tensor {
  return tensor('int64', shape, BigInt64Array.from(data as ArrayLike<number> & Iterable<number>, BigInt));
}

/** A zero matrix, or one over `data` when it is given (not copied). */
export function matrix(
  rows: number,
  cols: number,
  // Named, since the type that is inferred is generic, which TypeScript before 5.7 cannot read.
  data: Float64Array = new Float64Array(rows * cols),
): Matrix {
  invariant(data.length === rows * cols, `matrix data has ${data.length} elements, shape ${rows}×${cols}`);
  return { rows, cols, data };
}
