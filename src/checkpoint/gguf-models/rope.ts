/** The scaling of rotary frequencies in a GGUF file, told in Hugging Face's words. */

import { readExactly, withFile } from '../../files/index.ts';
import { decode } from '../dequantize.ts';
import { unsupportedFeature } from '../unsupported-feature.ts';
import type { WeightSource } from '../weight-source.ts';
import type { GgufKeys } from './keys.ts';
import type { CommonConfig } from './names.ts';

/** A tensor of factors that divide the rotary frequencies. */
export const ROPE_FACTORS = 'rope_freqs.weight';
/** LongRoPE's, for sequences longer than the first context, and others. */
export const ROPE_FACTORS_LONG = 'rope_factors_long.weight';
export const ROPE_FACTORS_SHORT = 'rope_factors_short.weight';

/** What every published Llama 3.1, 3.2 and 3.3 uses; a GGUF file keeps the resulting factors only. */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/**
 * `rope_scaling` of config.json, or null, as llama.cpp reads a header: without a type, scaling is linear. Llama 3's is
 * recovered from the factors: the largest is `factor`, and the constants above must give the others. Throws
 * `UserError` `gguf-unsupported` when they don't.
 */
export function ropeScaling(
  keys: GgufKeys,
  tensors: readonly WeightSource[],
  { head_dim: headSize, rope_theta: theta, max_position_embeddings: context }: CommonConfig,
): Record<string, unknown> | null {
  const { path } = keys;
  const type = keys.string('rope.scaling.type') ?? 'linear';
  if (!['linear', 'none', 'yarn'].includes(type))
    throw unsupportedFeature(path, `rotary scaling ${type.slice(0, 100)}`);
  // The old key counts where the new one is absent; 0 means none.
  const old = keys.number('rope.scale_linear', 0);
  const stated = keys.number('rope.scaling.factor', old) || 1;
  const factor = type === 'none' ? 1 : stated;
  if (factor < 0) throw unsupportedFeature(path, `rotary scaling by ${factor}`);
  const source = tensors.find(({ name }) => name === ROPE_FACTORS);
  if (type === 'yarn') {
    if (source !== undefined) throw unsupportedFeature(path, `${ROPE_FACTORS} and rotary scaling yarn`);
    return yarnScaling(keys, factor, context);
  }
  if (source === undefined) return factor === 1 ? null : { rope_type: 'linear', factor };
  if (factor !== 1) throw unsupportedFeature(path, `${ROPE_FACTORS} and linear scaling by ${factor}`);
  return llama3Scaling(path, source, headSize, theta);
}

/** As llama.cpp has it: the first context is the header's, else the context, and a factor of the scores multiplies YaRN's. */
function yarnScaling(keys: GgufKeys, factor: number, context: number) {
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings: keys.integer('rope.scaling.original_context_length', context),
    attention_factor:
      keys.number('rope.scaling.attn_factor', 1) * (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
  };
}

/** Phi-3's fields: LongRoPE where there are factors, `turned` components of a head that turn. */
export function longRopeScaling(
  keys: GgufKeys,
  tensors: readonly WeightSource[],
  { max_position_embeddings: context }: CommonConfig,
  turned: number,
): Record<string, unknown> {
  const original = keys.integer('rope.scaling.original_context_length', context);
  const [long, short] = [ROPE_FACTORS_LONG, ROPE_FACTORS_SHORT].map((name) => {
    const source = tensors.find((tensor) => tensor.name === name);
    return source === undefined ? undefined : [...readFactors(keys.path, source, turned / 2)];
  });
  if (long === undefined || short === undefined) {
    if (long !== short) throw unsupportedFeature(keys.path, 'one of two lists of rotary factors');
    keys.expect('rope.scaling.attn_factor', 1);
    return { original_max_position_embeddings: original, rope_scaling: null };
  }
  return {
    original_max_position_embeddings: original,
    rope_scaling: {
      rope_type: 'longrope',
      long_factor: long,
      short_factor: short,
      attention_factor: keys.number('rope.scaling.attn_factor', 1),
    },
  };
}

function readFactors(path: string, source: WeightSource, count: number): Float32Array {
  if (source.shape.join() !== String(count))
    throw unsupportedFeature(path, `${source.name} of the shape [${source.shape}], not [${count}]`);
  const bytes = withFile(path, (file) => readExactly(file, path, source.offset, source.length));
  return decode(source, bytes);
}

function llama3Scaling(path: string, source: WeightSource, headSize: number, theta: number) {
  const factors = readFactors(path, source, headSize / 2);
  const factor = factors.reduce((largest, value) => Math.max(largest, value), 1);
  const fits = factors.every((value, i) => {
    const expected = llama3Factor(theta ** ((-2 * i) / headSize), factor);
    return Math.abs(value - expected) <= 1e-4 * expected;
  });
  if (!fits) throw unsupportedFeature(path, `the factors in ${ROPE_FACTORS}`);
  return { rope_type: 'llama3', factor, ...LLAMA3 };
}

/** What divides a frequency: 1 for short waves, `factor` for long ones, blended between. */
function llama3Factor(frequency: number, factor: number): number {
  const turns = (LLAMA3.original_max_position_embeddings * frequency) / (2 * Math.PI);
  const blend = (turns - LLAMA3.low_freq_factor) / (LLAMA3.high_freq_factor - LLAMA3.low_freq_factor);
  const bounded = Math.min(1, Math.max(0, blend));
  return 1 / ((1 - bounded) / factor + bounded);
}
