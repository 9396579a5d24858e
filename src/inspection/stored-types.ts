/** How weights are stored: types with their counts. */
import type { WeightSource } from '../checkpoint/index.ts';
import { sizeOf } from '../numeric/index.ts';

/** All weights that are stored in one type. */
export interface StoredType {
  /** As the file names it: `BF16`, `Q4_K`. */
  readonly type: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** The types of weights, that with most bytes first. */
export function storedTypes(weights: Iterable<WeightSource>): StoredType[] {
  const types = new Map<string, StoredType>();
  for (const { dtype, shape, length } of weights) {
    const { tensors, parameters, bytes } = types.get(dtype) ?? { tensors: 0, parameters: 0, bytes: 0 };
    types.set(dtype, {
      type: dtype,
      tensors: tensors + 1,
      parameters: parameters + sizeOf(shape),
      bytes: bytes + length,
    });
  }
  return [...types.values()].toSorted((a, b) => b.bytes - a.bytes);
}
