/** GPT-NeoX (Pythia): both halves of a block read its input, a part of each head turns, queries, keys and values are one. */
import { z } from 'zod';
import { unsupported } from '../config.ts';
import {
  checkHeadsDivide,
  decoderArchitecture,
  everyLayer,
  sizeFields,
} from '../decoder/decoder-architecture.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 50432,
    hidden_size: 6144,
    intermediate_size: 24576,
    num_hidden_layers: 44,
    num_attention_heads: 64,
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
  }),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().nonnegative().default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  rotary_emb_base: z.number().positive().default(10_000),
  rotary_pct: z.number().positive().default(0.25),
  rope_scaling: ropeSchema.rope_scaling,
  rope_parameters: ropeSchema.rope_parameters,
  original_max_position_embeddings: ropeSchema.original_max_position_embeddings,
});

export const gptNeox = decoderArchitecture({
  modelType: 'gpt_neox',
  modules: {
    embedding: 'gpt_neox.embed_in',
    blocks: 'gpt_neox.layers',
    finalNorm: 'gpt_neox.final_layer_norm',
    block: {
      layers: {
        'query-key-value': 'attention.query_key_value',
        output: 'attention.dense',
        up: 'mlp.dense_h_to_4h',
        down: 'mlp.dense_4h_to_h',
      },
      norms: { beforeAttention: 'input_layernorm', beforeMlp: 'post_attention_layernorm' },
    },
  },
  schema,
  tiedByDefault: false,
  oldHead: 'embed_out',
  others: (c) => ({ mlp_bias: true, rope_theta: c.rotary_emb_base }),
  describe(c, config) {
    checkHeadsDivide(c);
    const headSize = c.hidden_size / c.num_attention_heads;
    if ((config.head_dim ?? headSize) !== headSize)
      throw unsupported('head_dim', config.head_dim, `${headSize}`);
    const rotary = readRotary(
      { ...c, rope_theta: config.rotary_emb_base == null ? undefined : c.rotary_emb_base },
      { modelType: 'gpt_neox', headSize, partial: c.rotary_pct, rootField: 'rotary_emb_base' },
    );
    const attention = c.attention_bias ? (['query-key-value', 'output'] as const) : [];
    return {
      kvHeads: c.num_attention_heads,
      headSize,
      positions: everyLayer(c, { rotary, window: null }),
      biased: [...attention, 'up', 'down'],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'layer', epsilon: c.layer_norm_eps },
      fusedByHead: true,
      parallel: c.use_parallel_residual,
      computed: {
        layer_norm_eps: c.layer_norm_eps,
        attention_bias: c.attention_bias,
        use_parallel_residual: c.use_parallel_residual,
      },
    };
  },
});
