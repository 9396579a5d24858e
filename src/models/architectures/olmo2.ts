/** OLMo 2: norms after both halves of a block, none before; queries and keys normed over all heads together. */
import { z } from 'zod';
import {
  decoderArchitecture,
  everyLayer,
  kvHeadsField,
  sizeFields,
} from '../decoder/decoder-architecture.ts';
import { GEMMA_NORMS, llamaModules, QUERY_KEY_NORMS } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 50304,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
  }),
  num_key_value_heads: kvHeadsField(null),
  head_dim: z.int().positive().optional(),
  rms_norm_eps: z.number().nonnegative().default(1e-5),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  ...ropeSchema,
});

export const olmo2 = decoderArchitecture({
  modelType: 'olmo2',
  modules: llamaModules({
    afterAttention: GEMMA_NORMS.afterAttention,
    afterMlp: GEMMA_NORMS.afterMlp,
    ...QUERY_KEY_NORMS,
  }),
  schema,
  tiedByDefault: false,
  others: () => ({ mlp_bias: false, use_qk_norm: true }),
  describe(c) {
    const headSize = c.head_dim ?? Math.floor(c.hidden_size / c.num_attention_heads);
    const rotary = readRotary(c, { modelType: 'olmo2', headSize });
    return {
      kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
      headSize,
      positions: everyLayer(c, { rotary, window: null }),
      biased: c.attention_bias ? ['query', 'key', 'value', 'output'] : [],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'rms', epsilon: c.rms_norm_eps, headsTogether: true },
      computed: { rms_norm_eps: c.rms_norm_eps, attention_bias: c.attention_bias },
    };
  },
});
