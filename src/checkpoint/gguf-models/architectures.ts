/** The architectures that are read from GGUF, each as llama.cpp computes it (src/models) and its converter writes it. */
import type { WeightSource } from '../weight-source.ts';
import type { GgufKeys } from './keys.ts';
import { ATTENTION, GEMMA_NORMS, type GgufModel, LLAMA_OUTER, MLP, NORMS, QUERY_KEY_NORMS } from './names.ts';
import { longRopeScaling, ROPE_FACTORS, ROPE_FACTORS_LONG, ROPE_FACTORS_SHORT, ropeScaling } from './rope.ts';

const RMS_EPSILON = 'attention.layer_norm_rms_epsilon';
const LAYER_EPSILON = 'attention.layer_norm_epsilon';

const has = (tensors: readonly WeightSource[], wanted: string) => tensors.some(({ name }) => name === wanted);

/** Models with Llama's outer names, RMSNorm, and a gated MLP. */
const llamaLike = {
  blocks: 'model.layers',
  outer: LLAMA_OUTER,
  modules: { ...ATTENTION, ...MLP, ...NORMS },
} as const;

/** Llama's and SmolLM3's fields: biases where there are any. */
const withBiases: GgufModel['config'] = (keys, tensors, common) => ({
  hidden_act: 'silu',
  rms_norm_eps: keys.number(RMS_EPSILON),
  rope_scaling: ropeScaling(keys, tensors, common),
  attention_bias: has(tensors, 'blk.0.attn_q.bias'),
  mlp_bias: has(tensors, 'blk.0.ffn_up.bias'),
});

/** Fields of Qwen and OLMo 2: no windows, no biases but Qwen2's own. */
const plain: GgufModel['config'] = (keys, tensors, common) => ({
  hidden_act: 'silu',
  rms_norm_eps: keys.number(RMS_EPSILON),
  rope_scaling: ropeScaling(keys, tensors, common),
});

/** Gemma 2 and 3; the largest divides scores by another number, which the count of layers tells (as llama.cpp has it). */
function gemma(keys: GgufKeys, common: Parameters<GgufModel['config']>[2], layersOfLargest: number) {
  const isLargest = common.num_hidden_layers === layersOfLargest;
  return {
    hidden_activation: 'gelu_pytorch_tanh',
    rms_norm_eps: keys.number(RMS_EPSILON),
    query_pre_attn_scalar: isLargest
      ? Math.floor(common.hidden_size / common.num_attention_heads)
      : common.head_dim,
  };
}

const MODELS: readonly GgufModel[] = [
  {
    ...llamaLike,
    architecture: 'llama',
    modelTypes: ['llama', 'mistral'],
    className: 'LlamaForCausalLM',
    factors: [ROPE_FACTORS],
    rowOrder: 'rotary-pairs',
    config: withBiases,
  },
  {
    ...llamaLike,
    architecture: 'qwen2',
    modelTypes: ['qwen2'],
    className: 'Qwen2ForCausalLM',
    config: plain,
  },
  {
    ...llamaLike,
    architecture: 'qwen3',
    modelTypes: ['qwen3'],
    className: 'Qwen3ForCausalLM',
    modules: { ...llamaLike.modules, ...QUERY_KEY_NORMS },
    config: (keys, tensors, common) => ({
      ...plain(keys, tensors, common),
      attention_bias: has(tensors, 'blk.0.attn_q.bias'),
    }),
  },
  {
    ...llamaLike,
    architecture: 'gemma2',
    modelTypes: ['gemma2'],
    className: 'Gemma2ForCausalLM',
    modules: { ...ATTENTION, ...MLP, ...GEMMA_NORMS },
    normsPlusOne: true,
    config(keys, tensors, common) {
      keys.expect('attention.sliding_window_pattern', 2);
      return {
        ...gemma(keys, common, 46),
        rope_scaling: ropeScaling(keys, tensors, common),
        sliding_window: keys.integer('attention.sliding_window', 4096),
        attn_logit_softcapping: keys.number('attn_logit_softcapping', 50),
        final_logit_softcapping: keys.number('final_logit_softcapping', 30),
      };
    },
  },
  {
    ...llamaLike,
    architecture: 'gemma3',
    modelTypes: ['gemma3_text'],
    className: 'Gemma3ForCausalLM',
    modules: { ...ATTENTION, ...MLP, ...GEMMA_NORMS, ...QUERY_KEY_NORMS },
    normsPlusOne: true,
    config(keys, tensors, common) {
      keys.expect('final_logit_softcapping', 0);
      return {
        ...gemma(keys, common, 62),
        rope_scaling: ropeScaling(keys, tensors, common),
        rope_local_base_freq: keys.number('rope.freq_base_swa', 10_000),
        sliding_window: keys.integer('attention.sliding_window'),
        sliding_window_pattern: keys.integer('attention.sliding_window_pattern', 6),
      };
    },
  },
  {
    architecture: 'gptneox',
    modelTypes: ['gpt_neox'],
    className: 'GPTNeoXForCausalLM',
    blocks: 'gpt_neox.layers',
    outer: { token_embd: 'gpt_neox.embed_in', output_norm: 'gpt_neox.final_layer_norm', output: 'lm_head' },
    modules: {
      ...NORMS,
      attn_qkv: 'attention.query_key_value',
      attn_output: 'attention.dense',
      ffn_up: 'mlp.dense_h_to_4h',
      ffn_down: 'mlp.dense_4h_to_h',
    },
    rowOrder: 'fused-heads',
    config: (keys, _, common) => ({
      hidden_act: 'gelu',
      layer_norm_eps: keys.number(LAYER_EPSILON),
      use_parallel_residual: keys.boolean('use_parallel_residual', true),
      rotary_emb_base: common.rope_theta,
      rotary_pct: keys.integer('rope.dimension_count', common.head_dim) / common.head_dim,
    }),
  },
  {
    ...llamaLike,
    architecture: 'phi3',
    modelTypes: ['phi3'],
    className: 'Phi3ForCausalLM',
    modules: {
      ...NORMS,
      attn_qkv: 'self_attn.qkv_proj',
      attn_output: 'self_attn.o_proj',
      ffn_up: 'mlp.gate_up_proj',
      ffn_down: 'mlp.down_proj',
    },
    factors: [ROPE_FACTORS_LONG, ROPE_FACTORS_SHORT],
    config(keys, tensors, common) {
      const turned = keys.integer('rope.dimension_count', common.head_dim);
      return {
        hidden_act: 'silu',
        rms_norm_eps: keys.number(RMS_EPSILON),
        partial_rotary_factor: turned / common.head_dim,
        sliding_window: null,
        ...longRopeScaling(keys, tensors, common, turned),
      };
    },
  },
  {
    ...llamaLike,
    architecture: 'olmo2',
    modelTypes: ['olmo2'],
    className: 'Olmo2ForCausalLM',
    modules: {
      ...ATTENTION,
      ...MLP,
      ...QUERY_KEY_NORMS,
      post_attention_norm: GEMMA_NORMS.post_attention_norm,
      post_ffw_norm: GEMMA_NORMS.post_ffw_norm,
    },
    config(keys, tensors, common) {
      keys.expect('attention.sliding_window', 0); // OLMo 3
      return plain(keys, tensors, common);
    },
  },
  {
    ...llamaLike,
    architecture: 'smollm3',
    modelTypes: ['smollm3'],
    className: 'SmolLM3ForCausalLM',
    rowOrder: 'rotary-pairs',
    config: (keys, tensors, common) => ({ ...withBiases(keys, tensors, common), no_rope_layer_interval: 4 }),
  },
  {
    ...llamaLike,
    architecture: 'starcoder2',
    modelTypes: ['starcoder2'],
    className: 'Starcoder2ForCausalLM',
    modules: { ...ATTENTION, ...NORMS, ffn_up: 'mlp.c_fc', ffn_down: 'mlp.c_proj' },
    config: (keys, tensors, common) => ({
      hidden_act: 'gelu_pytorch_tanh',
      norm_epsilon: keys.number(LAYER_EPSILON),
      rope_scaling: ropeScaling(keys, tensors, common),
      use_bias: has(tensors, 'blk.0.attn_q.bias'),
      sliding_window: null,
    }),
  },
];

/** By `general.architecture`. */
export const GGUF_MODELS: ReadonlyMap<unknown, GgufModel> = new Map(
  MODELS.map((model) => [model.architecture, model]),
);

/** The architecture that a `model_type` becomes. */
export const ggufModelOf = (modelType: string): GgufModel | undefined =>
  MODELS.find(({ modelTypes }) => modelTypes.includes(modelType));
