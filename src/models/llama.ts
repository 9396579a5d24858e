/** Llama and its like: rotary positions, RMSNorm, grouped-query attention, gated MLP. */
import { z } from 'zod';
import { add, gather, mul, reshape, rmsNormalization, rotaryEmbedding, type Value } from '../graph/index.ts';
import { float32 } from '../numeric/index.ts';
import { findActivation, oneSpelling } from './activations.ts';
import { causalAttention, splitHeads } from './attention.ts';
import { checkLayerCount, checkOtherFields, LAYER_LIMIT, parseConfig, unsupported } from './config.ts';
import {
  type Architecture,
  type LayerRole,
  type LinearLayer,
  layerWeights,
  type ModelDefinition,
} from './definition.ts';
import type { ForwardContext } from './forward.ts';
import { readRotary, ropeSchema, rotaryTables } from './rotary.ts';

/** Absent fields have the defaults of transformers' LlamaConfig: every size is checked against the weights. */
const configSchema = z.object({
  vocab_size: z.int().positive().default(32000),
  hidden_size: z.int().positive().default(4096),
  intermediate_size: z.int().positive().default(11008),
  num_hidden_layers: z.int().positive().default(32),
  num_attention_heads: z.int().positive().default(32),
  num_key_value_heads: z.int().positive().nullish(),
  head_dim: z.int().positive().nullish(),
  max_position_embeddings: z.int().positive().default(2048),
  rms_norm_eps: z.number().nonnegative().default(1e-6),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  ...ropeSchema,
});

export const llama: Architecture = {
  base: 'model',
  modules: { embedding: 'embed_tokens', blocks: 'layers', others: ['norm'] },
  tiedByDefault: false,
  define: defineLlama,
};

function defineLlama(config: Readonly<Record<string, unknown>>, layerLimit = LAYER_LIMIT): ModelDefinition {
  const c = parseConfig(configSchema, config, 'llama');
  const hidden = c.hidden_size;
  const heads = c.num_attention_heads;
  const kvHeads = c.num_key_value_heads ?? heads;
  const headSize = c.head_dim ?? hidden / heads;
  const activation = findActivation('hidden_act', c.hidden_act);
  const warnings = checkOtherFields(config);
  if (hidden % heads !== 0)
    throw unsupported('hidden_size', hidden, `a multiple of num_attention_heads = ${heads}`);
  if (heads % kvHeads !== 0) throw unsupported('num_key_value_heads', kvHeads, `a divisor of ${heads}`);
  if (!Number.isInteger(headSize / 2)) throw unsupported('head_dim', headSize, 'an even whole number');
  checkLayerCount('num_hidden_layers', c.num_hidden_layers, layerLimit);
  const rotary = readRotary(c);

  const linear = (
    name: string,
    role: LayerRole,
    inFeatures: number,
    outFeatures: number,
    bias: boolean,
  ): LinearLayer => ({
    name,
    role,
    inFeatures,
    outFeatures,
    stored: 'out-in',
    bias,
  });
  const blocks = Array.from({ length: c.num_hidden_layers }, (_, index) => {
    const name = `model.layers.${index}`;
    return {
      name,
      query: linear(`${name}.self_attn.q_proj`, 'query', hidden, heads * headSize, c.attention_bias),
      key: linear(`${name}.self_attn.k_proj`, 'key', hidden, kvHeads * headSize, c.attention_bias),
      value: linear(`${name}.self_attn.v_proj`, 'value', hidden, kvHeads * headSize, c.attention_bias),
      output: linear(`${name}.self_attn.o_proj`, 'output', heads * headSize, hidden, c.attention_bias),
      gate: linear(`${name}.mlp.gate_proj`, 'gate', hidden, c.intermediate_size, c.mlp_bias),
      up: linear(`${name}.mlp.up_proj`, 'up', hidden, c.intermediate_size, c.mlp_bias),
      down: linear(`${name}.mlp.down_proj`, 'down', c.intermediate_size, hidden, c.mlp_bias),
    };
  });
  const layers = blocks.flatMap(({ query, key, value, output, gate, up, down }) => [
    query,
    key,
    value,
    output,
    gate,
    up,
    down,
  ]);
  const norms = [
    ...blocks.flatMap(({ name }) => [`${name}.input_layernorm`, `${name}.post_attention_layernorm`]),
    'model.norm',
  ];
  const embedding = { name: 'model.embed_tokens.weight', shape: [c.vocab_size, hidden] };
  const head = c.tie_word_embeddings ? embedding : { name: 'lm_head.weight', shape: [c.vocab_size, hidden] };

  const norm = (context: ForwardContext, name: string, x: Value): Value =>
    rmsNormalization(x, context.weight(`${name}.weight`, [hidden]), c.rms_norm_eps);

  return {
    modelType: 'llama',
    vocabularySize: c.vocab_size,
    contextLength: c.max_position_embeddings,
    hiddenSize: hidden,
    layers,
    weights: [
      embedding,
      ...(c.tie_word_embeddings ? [] : [head]),
      ...norms.map((name) => ({ name: `${name}.weight`, shape: [hidden] })),
      ...layers.flatMap(layerWeights),
    ],
    head: head.name,
    computed: {
      model_type: 'llama',
      vocab_size: c.vocab_size,
      hidden_size: hidden,
      intermediate_size: c.intermediate_size,
      num_hidden_layers: c.num_hidden_layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      head_dim: headSize,
      rms_norm_eps: c.rms_norm_eps,
      hidden_act: oneSpelling(c.hidden_act),
      attention_bias: c.attention_bias,
      mlp_bias: c.mlp_bias,
      tie_word_embeddings: c.tie_word_embeddings,
      ...rotary.computed,
    },
    warnings: [...warnings, ...rotary.warnings],
    forward(context, tokens) {
      const { sequences, seqLen, graph } = context;
      const shape = { sequences, seqLen, heads, kvHeads, headSize };
      const { cos, sin } = rotaryTables(rotary, headSize, seqLen);
      const cosine = graph.constant(float32([seqLen, headSize / 2], cos));
      const sine = graph.constant(float32([seqLen, headSize / 2], sin));
      let x = reshape(gather(context.weight(embedding.name, embedding.shape), tokens), [
        sequences * seqLen,
        hidden,
      ]);
      for (const block of blocks) {
        const input = norm(context, `${block.name}.input_layernorm`, x);
        const q = rotaryEmbedding(splitHeads(context.linear(block.query, input), shape, heads), cosine, sine);
        const k = rotaryEmbedding(splitHeads(context.linear(block.key, input), shape, kvHeads), cosine, sine);
        const v = splitHeads(context.linear(block.value, input), shape, kvHeads);
        x = add(x, context.linear(block.output, causalAttention(q, k, v, shape)));
        const middle = norm(context, `${block.name}.post_attention_layernorm`, x);
        const gate = context.linear(block.gate, middle);
        const opened = activation(gate);
        graph.rematerialize(opened, [gate]);
        const gated = mul(opened, context.linear(block.up, middle));
        x = add(x, context.linear(block.down, gated));
      }
      return norm(context, 'model.norm', x);
    },
  };
}
