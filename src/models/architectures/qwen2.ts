/** Qwen2 and 2.5: Llama with biases of queries, keys and values, and a window in the upper layers if wanted. */
import { z } from 'zod';
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

export const qwenFields = {
  ...sizeFields({
    vocab_size: 151936,
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 32768,
    tie_word_embeddings: false,
  }),
  num_key_value_heads: kvHeadsField(32),
  rms_norm_eps: z.number().nonnegative().default(1e-6),
  hidden_act: z.string().default('silu'),
  use_sliding_window: z.boolean().default(false),
  sliding_window: windowField.default(4096),
  max_window_layers: z.int().default(28),
  layer_types: layerTypesField,
  ...ropeSchema,
};

/** Windows of Qwen: in layers from `max_window_layers` on, where `use_sliding_window` says so. */
export function qwenTypes(c: {
  readonly num_hidden_layers: number;
  readonly use_sliding_window: boolean;
  readonly sliding_window: number | null;
  readonly max_window_layers: number;
  readonly layer_types?: readonly ('full_attention' | 'sliding_attention')[] | null | undefined;
}): { readonly types: readonly ('full_attention' | 'sliding_attention')[]; readonly window: number | null } {
  const window = c.use_sliding_window ? c.sliding_window : null;
  const types =
    c.layer_types ??
    Array.from({ length: c.num_hidden_layers }, (_, index) =>
      window !== null && index >= c.max_window_layers ? 'sliding_attention' : 'full_attention',
    );
  return { types, window };
}

export const qwen2 = decoderArchitecture({
  modelType: 'qwen2',
  modules: llamaModules(),
  schema: z.object({ ...qwenFields, head_dim: z.int().positive().optional() }),
  tiedByDefault: false,
  others: () => ({ attention_bias: true, mlp_bias: false }),
  describe(c) {
    const headSize = c.head_dim ?? Math.floor(c.hidden_size / c.num_attention_heads);
    const rotary = readRotary(c, { modelType: 'qwen2', headSize });
    const { types, window } = qwenTypes(c);
    return {
      kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
      headSize,
      positions: positionsByType(types, c, window, () => rotary),
      biased: ['query', 'key', 'value'],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'rms', epsilon: c.rms_norm_eps },
      computed: { rms_norm_eps: c.rms_norm_eps },
    };
  },
});
