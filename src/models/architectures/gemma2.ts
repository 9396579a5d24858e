/** Gemma 2: norms around both halves, soft caps of scores and logits, every other layer with a window. */
import { z } from 'zod';
import { unsupported } from '../config.ts';
import {
  checkHeadsDivide,
  decoderArchitecture,
  layerTypesField,
  positionsByType,
  sizeFields,
  windowField,
} from '../decoder/decoder-architecture.ts';
import { GEMMA_NORMS, llamaModules } from '../decoder/llama-modules.ts';
import { readRotary, ropeSchema } from '../decoder/rotary.ts';

/** Fields of Gemma 2 and 3, beside their sizes. */
export const gemmaFields = {
  num_key_value_heads: z.int().positive().default(4),
  head_dim: z.int().positive().default(256),
  rms_norm_eps: z.number().nonnegative().default(1e-6),
  hidden_activation: z.string().default('gelu_pytorch_tanh'),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: z.int().positive().default(256),
  sliding_window: windowField.default(4096),
  layer_types: layerTypesField,
  use_bidirectional_attention: z.boolean().nullish(),
  ...ropeSchema,
};

interface GemmaConfig {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly rms_norm_eps: number;
  readonly hidden_activation: string;
  readonly attention_bias: boolean;
  readonly query_pre_attn_scalar: number;
  readonly use_bidirectional_attention?: boolean | null | undefined;
}

/** What Gemma 2 and 3 have in common. Throws UserError `config-unsupported` for attention in both directions. */
export function describeGemma(c: GemmaConfig) {
  if (c.use_bidirectional_attention) throw unsupported('use_bidirectional_attention', true, 'false');
  return {
    kvHeads: c.num_key_value_heads,
    headSize: c.head_dim,
    biased: c.attention_bias ? (['query', 'key', 'value', 'output'] as const) : [],
    activation: ['hidden_activation', c.hidden_activation] as const,
    norm: { kind: 'rms-offset', epsilon: c.rms_norm_eps } as const,
    embeddingScale: Math.sqrt(c.hidden_size),
    attentionScale: c.query_pre_attn_scalar ** -0.5,
    computed: {
      rms_norm_eps: c.rms_norm_eps,
      attention_bias: c.attention_bias,
      query_pre_attn_scalar: c.query_pre_attn_scalar,
    },
  };
}

/** c of a soft cap, by field. */
export const capField = (value: number | null) => z.number().positive().nullable().default(value);

const schema = z.object({
  ...sizeFields({
    vocab_size: 256000,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    max_position_embeddings: 8192,
    tie_word_embeddings: true,
  }),
  ...gemmaFields,
  final_logit_softcapping: capField(30),
  attn_logit_softcapping: capField(50),
});

export const gemma2 = decoderArchitecture({
  modelType: 'gemma2',
  modules: llamaModules(GEMMA_NORMS),
  schema,
  tiedByDefault: true,
  others: (c) => ({ mlp_bias: false, hidden_act: c.hidden_activation }),
  describe(c) {
    checkHeadsDivide(c);
    const rotary = readRotary(c, { modelType: 'gemma2', headSize: c.head_dim });
    const types =
      c.layer_types ??
      Array.from({ length: c.num_hidden_layers }, (_, index) =>
        index % 2 === 0 ? 'sliding_attention' : 'full_attention',
      );
    const common = describeGemma(c);
    return {
      ...common,
      positions: positionsByType(types, c, c.sliding_window, () => rotary),
      attentionCap: c.attn_logit_softcapping,
      logitCap: c.final_logit_softcapping,
      computed: {
        ...common.computed,
        attn_logit_softcapping: c.attn_logit_softcapping ?? 0,
        final_logit_softcapping: c.final_logit_softcapping ?? 0,
      },
    };
  },
});
