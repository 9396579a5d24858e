/** Mistral: Llama with a window in every layer. */
import { z } from 'zod';
import { decoderArchitecture, everyLayer, sizeFields, windowField } from '../decoder/decoder-architecture.ts';
import { llamaModules } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 131072,
    tie_word_embeddings: false,
  }),
  num_key_value_heads: z.int().positive().default(8),
  head_dim: z.int().positive().nullish(),
  rms_norm_eps: z.number().nonnegative().default(1e-6),
  hidden_act: z.string().default('silu'),
  sliding_window: windowField.default(4096),
  ...ropeSchema,
});

export const mistral = decoderArchitecture({
  modelType: 'mistral',
  modules: llamaModules(),
  schema,
  tiedByDefault: false,
  others: () => ({ attention_bias: false, mlp_bias: false }),
  describe(c) {
    const headSize = c.head_dim ?? Math.floor(c.hidden_size / c.num_attention_heads);
    const rotary = readRotary(c, { modelType: 'mistral', headSize });
    return {
      kvHeads: c.num_key_value_heads,
      headSize,
      positions: everyLayer(c, { rotary, window: c.sliding_window }),
      biased: [],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'rms', epsilon: c.rms_norm_eps },
      computed: { rms_norm_eps: c.rms_norm_eps },
    };
  },
});
