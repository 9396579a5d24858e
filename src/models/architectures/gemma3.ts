/** Gemma 3's text model: Gemma 2 with normed queries and keys, and turns of their own for layers with a window. */
import { z } from 'zod';
import { unsupported } from '../config.ts';
import {
  checkHeadsDivide,
  decoderArchitecture,
  positionsByType,
  sizeFields,
} from '../decoder/decoder-architecture.ts';
import { GEMMA_NORMS, llamaModules, QUERY_KEY_NORMS } from '../decoder/llama-modules.ts';
import { type Rotary, readScaling } from '../decoder/rotary.ts';
import { capField, describeGemma, gemmaFields } from './gemma2.ts';

const schema = z.object({
  ...sizeFields({
    vocab_size: 262208,
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    max_position_embeddings: 131072,
    tie_word_embeddings: true,
  }),
  ...gemmaFields,
  rope_local_base_freq: z.number().positive().optional(),
  sliding_window_pattern: z.int().positive().default(6),
  final_logit_softcapping: capField(null),
});
type Gemma3Config = z.output<typeof schema>;

const TYPES = ['full_attention', 'sliding_attention'] as const;
type LayerType = (typeof TYPES)[number];

export const gemma3 = decoderArchitecture({
  modelType: 'gemma3_text',
  modules: llamaModules({ ...GEMMA_NORMS, ...QUERY_KEY_NORMS }),
  schema,
  tiedByDefault: true,
  others: (c) => ({
    mlp_bias: false,
    use_qk_norm: true,
    hidden_act: c.hidden_activation,
    _sliding_window_pattern: c.sliding_window_pattern,
  }),
  describe(c) {
    checkHeadsDivide(c);
    const rotaries = { full_attention: rotaryOf(c, TYPES[0]), sliding_attention: rotaryOf(c, TYPES[1]) };
    const types =
      c.layer_types ??
      Array.from({ length: c.num_hidden_layers }, (_, index) =>
        (index + 1) % c.sliding_window_pattern === 0 ? 'full_attention' : 'sliding_attention',
      );
    const common = describeGemma(c);
    return {
      ...common,
      positions: positionsByType(types, c, c.sliding_window, (type) => rotaries[type]),
      logitCap: c.final_logit_softcapping,
      computed: { ...common.computed, final_logit_softcapping: c.final_logit_softcapping ?? 0 },
      warnings: flatParameters(c),
    };
  },
});

/** `rope_parameters` stands by layer type; the older `rope_scaling` is for layers without a window, and goes first. */
function rotaryOf(c: Gemma3Config, type: LayerType): Rotary {
  const isFull = type === 'full_attention';
  const nested = c.rope_parameters?.[type] ?? { rope_type: 'default' };
  if (typeof nested !== 'object' || Array.isArray(nested))
    throw unsupported(`rope_parameters.${type}`, nested, 'an object');
  const scaling = isFull ? { ...nested, ...c.rope_scaling } : nested;
  const root = isFull ? c.rope_theta : c.rope_local_base_freq;
  const { original_max_position_embeddings: _, ...config } = c;
  return readScaling(
    isFull && c.rope_scaling != null ? 'rope_scaling' : `rope_parameters.${type}`,
    scaling as Record<string, unknown>,
    { ...config, rope_theta: root },
    {
      modelType: 'gemma3_text',
      headSize: c.head_dim,
      theta: isFull ? 1_000_000 : 10_000,
      rootField: isFull ? 'rope_theta' : 'rope_local_base_freq',
    },
  );
}

/** What stands in `rope_parameters` beside the layer types, which transformers does not read here. */
function flatParameters({ rope_parameters: parameters }: Gemma3Config): string[] {
  const others = Object.keys(parameters ?? {}).filter((key) => !TYPES.includes(key as LayerType));
  if (others.length === 0) return [];
  return [
    `In the config's rope_parameters nothing is made of ${others.join(', ')}: Gemma 3 reads it by layer type ` +
      `(${TYPES.join(', ')}).`,
  ];
}
