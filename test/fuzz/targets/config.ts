/** Configurations of models, alone (as `pretrain --config-json` reads them). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rng } from '../../../src/numeric/index.ts';
import { type ModelConfig, readModelConfig } from '../../../src/training/index.ts';
import { ARCHITECTURE_MODELS, loadArchitecture } from '../../support/architecture-reference.ts';
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

/** A sound config, the fields that have to be of their kind, and how many linear layers its blocks have. */
interface Made {
  readonly made: { readonly vocab_size: number };
  readonly needed: readonly string[];
  readonly layers: number;
}

const NEEDED = [
  ...['model_type', 'vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers'],
  'num_attention_heads',
];

function makeGpt2(rng: Rng): Made {
  const made = gpt2Config(rng);
  const needed = ['model_type', 'vocab_size', 'n_positions', 'n_embd', 'n_layer', 'n_head'];
  return { made, needed, layers: 4 * made.n_layer };
}

function makeLlama(rng: Rng): Made {
  const made = llamaConfig(rng);
  return { made, needed: NEEDED, layers: 7 * made.num_hidden_layers };
}

/** Of any architecture, as `test/reference/architectures` has it. */
function makeOther(rng: Rng): Made {
  const { config: made, layers } = pick(rng, ARCHITECTURES);
  return { made, needed: NEEDED, layers };
}

const ARCHITECTURES = ARCHITECTURE_MODELS.map((name) => {
  const { folder, layers } = loadArchitecture(name);
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  return { config, layers: Object.keys(layers).length };
});

function makeConfig(rng: Rng): FuzzCase<ModelConfig> {
  const { made, needed, layers } = pick(rng, [makeGpt2, makeLlama, makeOther])(rng);
  const { bytes, verdict, changes } = breakJson(made, rng, {
    breaks: ({ what, path }) => needed.includes(path) && (what === 'retype' || what === 'deep'),
  });
  return {
    files: { 'config.json': bytes },
    verdict,
    changes,
    check: ({ definition }) => {
      if (changes.length > 0) return undefined;
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
