/** Qwen3: Qwen2 without those biases, with queries and keys normed head by head. */
import { z } from 'zod';
import { decoderArchitecture, positionsByType } from '../decoder/decoder-architecture.ts';
import { LLAMA_NORMS, llamaModules, QUERY_KEY_NORMS } from '../decoder/llama-modules.ts';
import { readRotary } from '../decoder/rotary.ts';
import { qwenFields, qwenTypes } from './qwen2.ts';

export const qwen3 = decoderArchitecture({
  modelType: 'qwen3',
  modules: llamaModules({ ...LLAMA_NORMS, ...QUERY_KEY_NORMS }),
  schema: z.object({
    ...qwenFields,
    head_dim: z.int().positive().default(128),
    attention_bias: z.boolean().default(false),
  }),
  tiedByDefault: false,
  others: () => ({ mlp_bias: false, use_qk_norm: true }),
  describe(c) {
    const headSize = c.head_dim;
    const rotary = readRotary(c, { modelType: 'qwen3', headSize });
    const { types, window } = qwenTypes(c);
    return {
      kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
      headSize,
      positions: positionsByType(types, c, window, () => rotary),
      biased: c.attention_bias ? ['query', 'key', 'value', 'output'] : [],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'rms', epsilon: c.rms_norm_eps },
      computed: { rms_norm_eps: c.rms_norm_eps, attention_bias: c.attention_bias },
    };
  },
});
