/** SmolLM3: Llama whose every fourth layer knows no positions. */
import { z } from 'zod';
import { unsupported } from '../config.ts';
import {
  decoderArchitecture,
  kvHeadsField,
  layerTypesField,
  positionsByType,
  sizeFields,
  windowField,
} from '../decoder/decoder-architecture.ts';
import { llamaModules } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 11008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    max_position_embeddings: 32768,
    tie_word_embeddings: true,
  }),
  num_key_value_heads: kvHeadsField(4),
  head_dim: z.int().positive().optional(),
  rms_norm_eps: z.number().nonnegative().default(1e-6),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().default(false),
  sliding_window: windowField.default(null),
  /** 0 where a layer does not turn its queries and keys. */
  no_rope_layers: z.array(z.int()).nullish(),
  no_rope_layer_interval: z.int().positive().default(4),
  layer_types: layerTypesField,
  ...ropeSchema,
});

export const smollm3 = decoderArchitecture({
  modelType: 'smollm3',
  modules: llamaModules(),
  schema,
  tiedByDefault: true,
  describe(c) {
    const headSize = c.head_dim ?? Math.floor(c.hidden_size / c.num_attention_heads);
    const count = c.num_hidden_layers;
    const rotary = readRotary(c, { modelType: 'smollm3', headSize, theta: 2_000_000 });
    const turns =
      c.no_rope_layers?.map((entry) => entry !== 0) ??
      Array.from({ length: count }, (_, index) => (index + 1) % c.no_rope_layer_interval !== 0);
    if (turns.length < count)
      throw unsupported('no_rope_layers', c.no_rope_layers, `an entry for each of ${count} layers`);
    const types =
      c.layer_types ??
      Array.from({ length: count }, (_, index) =>
        c.use_sliding_window && c.sliding_window !== null && !turns[index]
          ? 'sliding_attention'
          : 'full_attention',
      );
    return {
      kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
      headSize,
      positions: positionsByType(types, c, c.sliding_window, (_, index) => (turns[index] ? rotary : null)),
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
