/** StarCoder2: Llama with LayerNorm, a plain MLP, biases, and a window if wanted. */
import { z } from 'zod';
import { decoderArchitecture, everyLayer, sizeFields, windowField } from '../decoder/decoder-architecture.ts';
import { LLAMA_ATTENTION, LLAMA_NORMS, llamaModules } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 49152,
    hidden_size: 3072,
    intermediate_size: 12288,
    num_hidden_layers: 30,
    num_attention_heads: 24,
    max_position_embeddings: 4096,
    tie_word_embeddings: true,
  }),
  num_key_value_heads: z.int().positive().default(2),
  head_dim: z.int().positive().nullish(),
  norm_epsilon: z.number().nonnegative().default(1e-5),
  hidden_act: z.string().default('gelu_pytorch_tanh'),
  use_bias: z.boolean().default(true),
  sliding_window: windowField.default(null),
  ...ropeSchema,
});

export const starcoder2 = decoderArchitecture({
  modelType: 'starcoder2',
  modules: llamaModules(LLAMA_NORMS, { ...LLAMA_ATTENTION, up: 'mlp.c_fc', down: 'mlp.c_proj' }),
  schema,
  tiedByDefault: true,
  others: (c) => ({
    attention_bias: c.use_bias,
    mlp_bias: c.use_bias,
    norm_type: 'layer_norm',
    mlp_type: 'default',
  }),
  describe(c) {
    const headSize = c.head_dim ?? Math.floor(c.hidden_size / c.num_attention_heads);
    const rotary = readRotary(c, { modelType: 'starcoder2', headSize });
    return {
      kvHeads: c.num_key_value_heads,
      headSize,
      positions: everyLayer(c, { rotary, window: c.sliding_window }),
      biased: c.use_bias ? ['query', 'key', 'value', 'output', 'up', 'down'] : [],
      activation: ['hidden_act', c.hidden_act],
      norm: { kind: 'layer', epsilon: c.norm_epsilon },
      computed: { norm_epsilon: c.norm_epsilon, use_bias: c.use_bias },
    };
  },
});
