/** What llama.cpp's converter calls the weights of the architectures that are read from GGUF (gguf-py, tensor_mapping.py). */
import type { RowOrder } from '../row-order.ts';
import type { WeightSource } from '../weight-source.ts';
import type { GgufKeys } from './keys.ts';

/** How one `general.architecture` is told in Hugging Face's words. */
export interface GgufModel {
  readonly architecture: string;
  /** The `model_type`s that become it; a file is told as the first. */
  readonly modelTypes: readonly [string, ...string[]];
  readonly className: string;
  /** Hugging Face's module of the blocks; `blk.3.` stands for `<blocks>.3.`. */
  readonly blocks: string;
  /** Hugging Face's module for every GGUF name of a block. */
  readonly modules: Readonly<Record<string, string>>;
  /** And for those outside of blocks. */
  readonly outer: Readonly<Record<string, string>>;
  /** Tensors that are no weights: factors of rotary frequencies. */
  readonly factors?: readonly string[];
  /** The order of rows of queries and keys, where it is not Hugging Face's. */
  readonly rowOrder?: RowOrder['kind'];
  /** Norms are stored with 1 added to them. */
  readonly normsPlusOne?: boolean;
  /** The fields of config.json that this architecture has beside those of all. */
  readonly config: (
    keys: GgufKeys,
    tensors: readonly WeightSource[],
    common: CommonConfig,
  ) => Record<string, unknown>;
}

/** Fields that every architecture has. */
export interface CommonConfig {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly rope_theta: number;
}

/** Modules whose rows the converter may reorder. */
export const QUERIES_AND_KEYS: readonly string[] = ['attn_q', 'attn_k', 'attn_qkv'];

export const ATTENTION = {
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
} as const;
export const MLP = { ffn_gate: 'mlp.gate_proj', ffn_up: 'mlp.up_proj', ffn_down: 'mlp.down_proj' } as const;
export const NORMS = { attn_norm: 'input_layernorm', ffn_norm: 'post_attention_layernorm' } as const;
export const QUERY_KEY_NORMS = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' } as const;
export const GEMMA_NORMS = {
  attn_norm: 'input_layernorm',
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
} as const;

/** Outer names of models whose modules are called as Llama's. */
export const LLAMA_OUTER = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
} as const;

/** Norms of all architectures: the weights that Gemma's files hold with 1 added. */
export const NORM_PARTS: readonly string[] = [
  ...Object.keys({ ...NORMS, ...GEMMA_NORMS, ...QUERY_KEY_NORMS }),
  'output_norm',
];
