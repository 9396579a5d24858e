/** The scaling of rotary frequencies in a GGUF file, told in Hugging Face's words. */

import { readExactly, withFile } from '../files/index.ts';
import { decode } from './dequantize.ts';
import type { LlamaKeys } from './llama-keys-gguf.ts';
import { unsupportedFeature } from './unsupported-feature.ts';
import type { WeightSource } from './weight-source.ts';

/** A tensor of factors that divide the rotary frequencies. */
export const ROPE_FACTORS = 'rope_freqs.weight';

/** What every published Llama 3.1, 3.2 and 3.3 uses; a GGUF file keeps the resulting factors only. */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/**
 * `rope_scaling` of config.json, or null, as llama.cpp reads a header: without a type, scaling is linear. Llama 3's is
 * recovered from the factors: the largest is `factor`, and the constants above must give the others. Throws
 * `UserError` `gguf-unsupported` when they don't.
 */
export function ropeScaling(
  keys: LlamaKeys,
  tensors: readonly WeightSource[],
  headSize: number,
  theta: number,
): Record<string, unknown> | null {
  const { path } = keys;
  const type = keys.string('rope.scaling.type') ?? 'linear';
  if (type !== 'linear' && type !== 'none')
    throw unsupportedFeature(path, `rotary scaling ${type.slice(0, 100)}`);
  // The old key counts where the new one is absent; 0 means none.
  const old = keys.number('rope.scale_linear', 0);
  const stated = keys.number('rope.scaling.factor', old) || 1;
  const factor = type === 'none' ? 1 : stated;
  if (factor < 0) throw unsupportedFeature(path, `rotary scaling by ${factor}`);
  const source = tensors.find(({ name }) => name === ROPE_FACTORS);
  if (source === undefined) return factor === 1 ? null : { rope_type: 'linear', factor };
  if (factor !== 1) throw unsupportedFeature(path, `${ROPE_FACTORS} and linear scaling by ${factor}`);
  return llama3Scaling(path, source, headSize, theta);
}

function llama3Scaling(path: string, source: WeightSource, headSize: number, theta: number) {
  if (source.shape.join() !== String(headSize / 2))
    throw unsupportedFeature(path, `${ROPE_FACTORS} of the shape [${source.shape}], not [${headSize / 2}]`);
  const bytes = withFile(path, (file) => readExactly(file, path, source.offset, source.length));
  const factors = decode(source, bytes);
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
