/** What a way of multiplying in 8 bits says of itself. */
import type { CachedType, Piece } from '../../checkpoint/index.ts';
import type { Value } from '../../graph/index.ts';
import type { Int8Kernel } from '../../record/index.ts';

/** The right factor [inner, outputs] of a product, as a matrix in memory holds it. */
export interface Factor {
  readonly matrix: Float32Array;
  readonly inner: number;
  readonly outputs: number;
  /** Entry (i, o) is at i · innerStride + o · outputStride. */
  readonly innerStride: number;
  readonly outputStride: number;
}

/** Shapes of a factor. */
export type FactorShape = Pick<Factor, 'inner' | 'outputs'>;

/** A packed factor as values of a graph. */
export interface PackedValues {
  readonly values: Value;
  readonly scales: Value;
}

export interface KernelRecord {
  readonly name: Int8Kernel;
  /** To be raised when the packing changes. */
  readonly version: number;
  /** What the values are to the engine. */
  readonly dtype: 'int8' | 'uint8';
  /** How a packed factor is kept. */
  layout(factor: FactorShape): Record<'values' | 'scales', CachedType>;
  pack(factor: Factor): Record<'values' | 'scales', Piece>;
  /** x [tokens, inner] times a factor, whose transpose is the factor of the way back. */
  product(x: Value, factor: PackedValues, transposed: PackedValues, shape: FactorShape): Value;
}
