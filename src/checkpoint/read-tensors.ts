/** Reading a safetensors file of our own whole. */

import { float32, type Tensor } from '../numeric/index.ts';
import { openSafetensors } from './open-safetensors.ts';
import { readWeight } from './read-weight.ts';

export interface TensorFile {
  /** Float32, finite. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Throws `UserError` `file-not-found`, and those of a file that is cut off, malformed or not finite. */
export function readTensors(path: string): TensorFile {
  const source = openSafetensors(path);
  const tensors = new Map(
    [...source.weights.values()].map(
      ({ name, shape }) => [name, float32(shape, readWeight(source, name))] as const,
    ),
  );
  return { tensors, metadata: source.metadata };
}
