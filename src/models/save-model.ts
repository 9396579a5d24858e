/** Writing a model as a Hugging Face folder. */
import { join } from 'node:path';
import { encodeHalf, type HalfTensor, writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { float32, type Tensor } from '../numeric/index.ts';
import { type SaveType, writeJsonAtomic } from '../record/index.ts';
import type { ModelDefinition } from './definition.ts';

/**
 * Writes config.json and model.safetensors; tied weights are stored once, under the name that the definition
 * gives them. Throws `UserError` `cannot-write`.
 */
export async function saveModel(
  folder: string,
  definition: ModelDefinition,
  config: Readonly<Record<string, unknown>>,
  weights: Readonly<Record<string, Float32Array>>,
  type: SaveType,
): Promise<void> {
  const tensors = Object.fromEntries(
    definition.weights.map(({ name, shape }) => [name, asStored(name, shape, weights[name]!, type)]),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  writeConfig(folder, config, type);
}

/** Fields of which transformers 5.24 takes a float and refuses an integer: Gemma 2's 30.0 must not become 30. */
const FLOAT_FIELDS: ReadonlySet<string> = new Set([
  ...['attn_logit_softcapping', 'final_logit_softcapping', 'initializer_range', 'layer_norm_eps'],
  ...['layer_norm_epsilon', 'norm_epsilon', 'rms_norm_eps'],
]);

/** Writes a model's config.json; `type` is that of its weights, undefined where they differ. Throws `cannot-write`. */
export function writeConfig(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  type: SaveType | undefined,
): void {
  writeJsonAtomic(join(folder, 'config.json'), withStoredType(config, type), FLOAT_FIELDS);
}

/**
 * A config that says in one place how the weights are stored. transformers 5 writes `dtype` and reads both, `dtype` first
 * (tried with 5.24); 4 reads `torch_dtype` alone, as do programs made for it.
 */
function withStoredType(
  { dtype, torch_dtype, ...config }: Readonly<Record<string, unknown>>,
  type: SaveType | undefined,
): Record<string, unknown> {
  const told = type ?? dtype ?? torch_dtype;
  return { ...config, ...(told === undefined ? {} : { torch_dtype: told }) };
}

const HALVES = {
  float16: { dtype: 'F16', infinity: 0x7c00, largest: '65504' },
  bfloat16: { dtype: 'BF16', infinity: 0x7f80, largest: '3.39e38' },
} as const;

/**
 * A weight as it is stored in files of this type.
 * Throws `UserError` `weights-not-finite`, `weights-too-large` for what the type has no number for.
 */
export function asStored(
  name: string,
  shape: readonly number[],
  values: Float32Array,
  type: SaveType,
): Tensor | HalfTensor {
  if (type === 'float32') return float32(shape, values);
  const { dtype, infinity, largest } = HALVES[type];
  const data = encodeHalf(name, values, dtype);
  const beyond = data.findIndex((bits) => (bits & 0x7fff) === infinity);
  if (beyond === -1) return { dtype, shape, data };
  throw new UserError('weights-too-large', {
    what: `Weight ${name} does not fit into ${type}.`,
    got: `${values[beyond]} at index ${beyond}`,
    expected: `values up to ±${largest}`,
    fix: 'store the model in another type',
  });
}
