/** Llama and its like: rotary positions, RMSNorm, grouped-query attention, gated MLP. */
import { z } from 'zod';
import {
  checkHeadsDivide,
  decoderArchitecture,
  everyLayer,
  kvHeadsField,
  sizeFields,
} from '../decoder/decoder-architecture.ts';
import { llamaModules } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

/** Absent fields have the defaults of transformers' LlamaConfig: every size is checked against the weights. */
const schema = z.object({
  ...sizeFields({
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
  }),
  num_key_value_heads: kvHeadsField(null),
  head_dim: z.int().positive().nullish(),
  rms_norm_eps: z.number().nonnegative().default(1e-6),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  ...ropeSchema,
});

export const llama = decoderArchitecture({
  modelType: 'llama',
  modules: llamaModules(),
  schema,
  tiedByDefault: false,
  describe(c) {
    checkHeadsDivide(c);
    const headSize = c.head_dim ?? c.hidden_size / c.num_attention_heads;
    const rotary = readRotary(c, { modelType: 'llama', headSize });
    return {
      kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
      headSize,
      positions: everyLayer(c, { rotary, window: null }),
      biased: [
        ...(c.attention_bias ? (['query', 'key', 'value', 'output'] as const) : []),
        ...(c.mlp_bias ? (['gate', 'up', 'down'] as const) : []),
      ],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'rms', epsilon: c.rms_norm_eps },
      computed: { rms_norm_eps: c.rms_norm_eps, attention_bias: c.attention_bias, mlp_bias: c.mlp_bias },
    };
  },
});
