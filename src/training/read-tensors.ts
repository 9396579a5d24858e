/** Reading a safetensors file of our own whole. */
import { readSafetensorsHeader, readWeight } from '../checkpoint/index.ts';
import { float32, type Tensor } from '../numeric/index.ts';

export interface TensorFile {
  /** Float32, finite. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Throws `UserError` `file-not-found`, and those of a file that is cut off, malformed or not finite. */
export function readTensors(path: string): TensorFile {
  const { tensors: weights, metadata } = readSafetensorsHeader(path);
  const source = {
    path,
    format: 'safetensors' as const,
    config: {},
    weights,
    files: [path],
    sha256: async () => '',
  };
  const tensors = new Map(
    [...weights.values()].map(({ name, shape }) => [name, float32(shape, readWeight(source, name))] as const),
  );
  return { tensors, metadata };
}
