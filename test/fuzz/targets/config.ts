/** Configurations of models, alone (as `pretrain --config-json` reads them). */
import { join } from 'node:path';
import type { Rng } from '../../../src/numeric/index.ts';
import { type ModelConfig, readModelConfig } from '../../../src/training/index.ts';
import { breakJson } from '../kit/json-case.ts';
import { chance, pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

export const config = defineTarget<ModelConfig>({
  name: 'config',
  weight: 200,
  // Descriptions of as many layers as a config may ask for, 10,000: no weights bound a model that is to be made.
  freeBytes: 48 * 2 ** 20,
  make: makeConfig,
  read: (folder) => readModelConfig(join(folder, 'config.json')),
});

const NEEDED = {
  gpt2: ['vocab_size', 'n_positions', 'n_embd', 'n_layer', 'n_head'],
  llama: ['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads'],
};

function makeConfig(rng: Rng): FuzzCase<ModelConfig> {
  const made = chance(rng, 0.4) ? gpt2Config(rng) : llamaConfig(rng);
  const needed: readonly string[] = ['model_type', ...NEEDED[made.model_type]];
  const { bytes, verdict, changes } = breakJson(made, rng, {
    breaks: ({ what, path }) => needed.includes(path) && (what === 'retype' || what === 'deep'),
  });
  return {
    files: { 'config.json': bytes },
    verdict,
    changes,
    check: ({ definition }) => {
      if (changes.length > 0) return undefined;
      const blocks = made.model_type === 'gpt2' ? made.n_layer : made.num_hidden_layers;
      const layers = blocks * (made.model_type === 'gpt2' ? 4 : 7);
      if (definition.layers.length !== layers) return `${definition.layers.length} layers, not ${layers}`;
      return definition.vocabularySize === made.vocab_size ? undefined : 'another vocabulary';
    },
  };
}

export function gpt2Config(rng: Rng) {
  const heads = 1 + rng.integer(4);
  return {
    model_type: 'gpt2' as const,
    vocab_size: 1 + rng.integer(100),
    n_positions: 2 + rng.integer(100),
    n_embd: heads * (1 + rng.integer(8)),
    n_layer: 1 + rng.integer(3),
    n_head: heads,
    ...(chance(rng, 0.3) && { n_inner: pick(rng, [null, 8, 32]) }),
    ...(chance(rng, 0.3) && {
      activation_function: pick(rng, ['gelu_new', 'gelu', 'relu', 'gelu_pytorch_tanh']),
    }),
    ...(chance(rng, 0.3) && { layer_norm_epsilon: 1e-5 }),
    ...(chance(rng, 0.3) && { tie_word_embeddings: true }),
  };
}

export function llamaConfig(rng: Rng) {
  const kvHeads = 1 + rng.integer(2);
  const heads = kvHeads * (1 + rng.integer(2));
  const headSize = 2 * (1 + rng.integer(4));
  return {
    model_type: 'llama' as const,
    vocab_size: 1 + rng.integer(100),
    hidden_size: heads * headSize,
    intermediate_size: 1 + rng.integer(32),
    num_hidden_layers: 1 + rng.integer(3),
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headSize,
    max_position_embeddings: 2 + rng.integer(100),
    hidden_act: 'silu',
    tie_word_embeddings: chance(rng, 0.5),
    ...(chance(rng, 0.5) && { rope_scaling: makeRope(rng) }),
    ...(chance(rng, 0.3) && { rope_theta: pick(rng, [10_000, 500_000]) }),
    ...(chance(rng, 0.3) && { rope_parameters: { rope_type: 'default', rope_theta: 10_000 } }),
    ...(chance(rng, 0.2) && { attention_bias: true, mlp_bias: true }),
  };
}

function makeRope(rng: Rng) {
  const llama3 = {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  return pick(rng, [null, { rope_type: 'default' }, { type: 'linear', factor: 2 }, llama3]);
}
