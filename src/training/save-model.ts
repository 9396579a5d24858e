/** Writing a model as a Hugging Face folder. */
import { join } from 'node:path';
import { type HalfTensor, writeSafetensors } from '../checkpoint/index.ts';
import type { ModelDefinition } from '../models/index.ts';
import { float32, type Tensor } from '../numeric/index.ts';
import { writeJsonAtomic } from '../record/index.ts';
import { encodeHalf } from './half.ts';
import type { NamedArrays } from './named-arrays.ts';

export const SAVE_TYPES = ['float32', 'float16', 'bfloat16'] as const;
export type SaveType = (typeof SAVE_TYPES)[number];

/**
 * Writes config.json and model.safetensors; tied weights are stored once, under the name that the definition
 * gives them. Throws `UserError` `cannot-write`.
 */
export async function saveModel(
  folder: string,
  definition: ModelDefinition,
  config: Readonly<Record<string, unknown>>,
  weights: NamedArrays,
  type: SaveType,
): Promise<void> {
  const tensors = Object.fromEntries(
    definition.weights.map(({ name, shape }) => [name, asStored(name, shape, weights[name]!, type)]),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  writeJsonAtomic(join(folder, 'config.json'), { ...config, torch_dtype: type });
}

/** A weight as it is stored in files of this type. */
export function asStored(
  name: string,
  shape: readonly number[],
  values: Float32Array,
  type: SaveType,
): Tensor | HalfTensor {
  if (type === 'float32') return float32(shape, values);
  const dtype = type === 'float16' ? 'F16' : 'BF16';
  return { dtype, shape, data: encodeHalf(name, values, dtype) };
}
