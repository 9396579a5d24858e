/** A Llama model in GGUF, told in Hugging Face's words: configuration and weight names. */
import { invariant, UserError } from '../errors/index.ts';
import type { GgufHeader } from './gguf.ts';
import { LlamaKeys } from './llama-keys-gguf.ts';
import { ROPE_FACTORS, ropeScaling } from './llama-rope-gguf.ts';
import { unsupportedFeature } from './unsupported-feature.ts';
import type { WeightSource } from './weight-source.ts';

/** Hugging Face's module for every GGUF name; `blk.3.` stands for `model.layers.3.`. */
const MODULES: ReadonlyMap<string, string> = new Map([
  ['attn_q', 'self_attn.q_proj'],
  ['attn_k', 'self_attn.k_proj'],
  ['attn_v', 'self_attn.v_proj'],
  ['attn_output', 'self_attn.o_proj'],
  ['attn_norm', 'input_layernorm'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['ffn_gate', 'mlp.gate_proj'],
  ['ffn_up', 'mlp.up_proj'],
  ['ffn_down', 'mlp.down_proj'],
]);
const OUTER_NAMES: ReadonlyMap<string, string> = new Map([
  ['token_embd.weight', 'model.embed_tokens.weight'],
  ['output_norm.weight', 'model.norm.weight'],
  ['output.weight', 'lm_head.weight'],
]);

/**
 * The model's configuration and weights in Hugging Face's words. Throws {@link UserError} `gguf-unsupported`,
 * `gguf-invalid`.
 */
export function translateLlama(
  path: string,
  { metadata, tensors }: GgufHeader,
): { config: Record<string, unknown>; weights: Map<string, WeightSource>; warnings: string[] } {
  const architecture = metadata.string('general.architecture');
  if (architecture !== 'llama') {
    throw new UserError('gguf-unsupported', {
      what: `${path} holds a model of an architecture that cannot be read from GGUF.`,
      got: architecture?.slice(0, 100) ?? 'no general.architecture',
      expected: 'llama',
      fix: 'use the Hugging Face folder of the model (config.json and safetensors), or a Llama model',
    });
  }
  const keys = new LlamaKeys(path, metadata);
  const config = llamaConfig(keys, tensors);
  const weights = new Map<string, WeightSource>();
  for (const tensor of tensors) {
    if (tensor.name === ROPE_FACTORS) continue;
    const name = translateName(path, tensor.name);
    weights.set(name, {
      ...tensor,
      name,
      ...(isPermuted(name) && permutation(path, tensor, config.head_dim)),
    });
  }
  return { config, weights, warnings: keys.describeRest() };
}

function llamaConfig(keys: LlamaKeys, tensors: readonly WeightSource[]) {
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight');
  const width = keys.integer('embedding_length');
  const heads = keys.integer('attention.head_count');
  const headSize = keys.integer('attention.key_length', width / heads);
  // As llama.cpp: a Llama's values are as long as its keys, and rotated whole.
  keys.expect('attention.value_length', headSize);
  keys.expect('rope.dimension_count', headSize);
  const theta = keys.number('rope.freq_base', 10000);
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: width,
    intermediate_size: keys.integer('feed_forward_length'),
    num_hidden_layers: keys.integer('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keys.integer('attention.head_count_kv', heads),
    head_dim: headSize,
    hidden_act: 'silu',
    rms_norm_eps: keys.number('attention.layer_norm_rms_epsilon'),
    rope_theta: theta,
    rope_scaling: ropeScaling(keys, tensors, headSize, theta),
    vocab_size: keys.integer('vocab_size', embedding?.shape[0]),
    max_position_embeddings: keys.integer('context_length'),
    tie_word_embeddings: tensors.every(({ name }) => name !== 'output.weight'),
    attention_bias: tensors.some(({ name }) => name === 'blk.0.attn_q.bias'),
    mlp_bias: tensors.some(({ name }) => name === 'blk.0.ffn_up.bias'),
  };
}

function translateName(path: string, name: string): string {
  const outer = OUTER_NAMES.get(name);
  if (outer !== undefined) return outer;
  const [, block, part = '', kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const module = MODULES.get(part);
  if (module === undefined) throw unsupportedFeature(path, `tensor ${name}`);
  return `model.layers.${block}.${module}.${kind}`;
}

/**
 * The GGUF name of a Llama weight, `model.layers.3.mlp.up_proj.weight` → `blk.3.ffn_up.weight`, and whether
 * llama.cpp's converter permutes its rows.
 */
export function llamaGgufName(name: string): { readonly name: string; readonly permuted: boolean } {
  const [, block, module, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  const [part] = [...MODULES].find(([, one]) => one === module) ?? [];
  invariant(part !== undefined, `${name} is no weight of a Llama block`);
  return { name: `blk.${block}.${part}.${kind}`, permuted: isPermuted(name) };
}

function isPermuted(name: string): boolean {
  return /\.(q|k)_proj\./.test(name);
}

function permutation(path: string, { name, shape }: WeightSource, headSize: number) {
  if (headSize % 2 === 0 && shape[0]! % headSize === 0) return { permutedRowsPerHead: headSize };
  throw new UserError('gguf-invalid', {
    what: `Tensor ${name} of ${path} is not made of whole heads.`,
    got: `${shape[0]} rows`,
    expected: `a multiple of the head size, ${headSize}, an even number`,
    fix: 'convert the model again with a current llama.cpp',
  });
}
