/** Phi-3, 3.5 and 4: Llama with fused projections, a part of each head turned, and LongRoPE. */
import { z } from 'zod';
import {
  decoderArchitecture,
  everyLayer,
  kvHeadsField,
  sizeFields,
  windowField,
} from '../decoder/decoder-architecture.ts';
import { LLAMA_NORMS, llamaModules } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 32064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 4096,
    tie_word_embeddings: false,
  }),
  num_key_value_heads: kvHeadsField(null),
  head_dim: z.int().positive().optional(),
  rms_norm_eps: z.number().nonnegative().default(1e-5),
  hidden_act: z.string().default('silu'),
  sliding_window: windowField.default(null),
  ...ropeSchema,
  original_max_position_embeddings: z.int().positive().default(4096),
  partial_rotary_factor: z.number().positive().default(1),
});

export const phi3 = decoderArchitecture({
  modelType: 'phi3',
  modules: llamaModules(LLAMA_NORMS, {
    'query-key-value': 'self_attn.qkv_proj',
    output: 'self_attn.o_proj',
    'gate-up': 'mlp.gate_up_proj',
    down: 'mlp.down_proj',
  }),
  schema,
  tiedByDefault: false,
  others: () => ({ attention_bias: false, mlp_bias: false }),
  describe(c) {
    const headSize = c.head_dim ?? Math.floor(c.hidden_size / c.num_attention_heads);
    const rotary = readRotary(c, {
      modelType: 'phi3',
      headSize,
      partial: c.partial_rotary_factor,
      // The first files called LongRoPE by other names.
      types: { default: 'default', longrope: 'longrope', su: 'longrope', yarn: 'longrope' },
    });
    return {
      kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
      headSize,
      positions: everyLayer(c, { rotary, window: c.sliding_window }),
      biased: [],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'rms', epsilon: c.rms_norm_eps },
      computed: { rms_norm_eps: c.rms_norm_eps },
    };
  },
});
