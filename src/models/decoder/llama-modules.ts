/** Llama's names, which most architectures have taken over. */
import type { BlockModules, DecoderModules } from './description.ts';

export const LLAMA_ATTENTION = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  output: 'self_attn.o_proj',
} as const;
export const LLAMA_MLP = { gate: 'mlp.gate_proj', up: 'mlp.up_proj', down: 'mlp.down_proj' } as const;

/** Norms before both halves of a block. */
export const LLAMA_NORMS = {
  beforeAttention: 'input_layernorm',
  beforeMlp: 'post_attention_layernorm',
} as const;

/** Norms before and after both halves. */
export const GEMMA_NORMS = {
  beforeAttention: 'input_layernorm',
  afterAttention: 'post_attention_layernorm',
  beforeMlp: 'pre_feedforward_layernorm',
  afterMlp: 'post_feedforward_layernorm',
} as const;

/** Norms of queries and keys. */
export const QUERY_KEY_NORMS = { query: 'self_attn.q_norm', key: 'self_attn.k_norm' } as const;

/** A model with Llama's outer names and these blocks. */
export const llamaModules = (
  norms: BlockModules['norms'] = LLAMA_NORMS,
  layers: BlockModules['layers'] = { ...LLAMA_ATTENTION, ...LLAMA_MLP },
): DecoderModules => ({
  embedding: 'model.embed_tokens',
  blocks: 'model.layers',
  finalNorm: 'model.norm',
  block: { layers, norms },
});
