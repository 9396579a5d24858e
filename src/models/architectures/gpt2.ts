/** GPT-2: learned positions, LayerNorm before each half, one fused query-key-value projection, GELU. */
import { z } from 'zod';
import { add, gather, layerNormalization, reshape, split, type Value } from '../../graph/index.ts';
import { int64 } from '../../numeric/index.ts';
import {
  checkLayerCount,
  checkOtherFields,
  LAYER_LIMIT,
  parseConfig,
  shorten,
  unsupported,
} from '../config.ts';
import { findActivation, oneSpelling } from '../decoder/activations.ts';
import { causalAttention, splitHeads } from '../decoder/attention.ts';
import {
  type Architecture,
  type LayerRole,
  type LinearLayer,
  layerWeights,
  type ModelDefinition,
} from '../definition.ts';
import type { ForwardContext } from '../forward.ts';

/** Absent fields have the defaults of transformers' GPT2Config: every size is checked against the weights. */
const configSchema = z.object({
  vocab_size: z.int().positive().default(50257),
  n_positions: z.int().positive().default(1024),
  n_embd: z.int().positive().default(768),
  n_layer: z.int().positive().default(12),
  n_head: z.int().positive().default(12),
  n_inner: z.int().positive().nullish(),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().nonnegative().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/** Names that transformers takes for GPT-2's own. */
const OTHER_NAMES = new Map([
  ['hidden_size', 'n_embd'],
  ['max_position_embeddings', 'n_positions'],
  ['num_attention_heads', 'n_head'],
  ['num_hidden_layers', 'n_layer'],
]);

export const gpt2: Architecture = {
  base: 'transformer',
  modules: { embedding: 'wte', blocks: 'h', others: ['wpe', 'ln_f'] },
  tiedByDefault: true,
  define: defineGpt2,
};

function defineGpt2(config: Readonly<Record<string, unknown>>, layerLimit = LAYER_LIMIT): ModelDefinition {
  const c = parseConfig(configSchema, withOwnNames(config), 'gpt2');
  const hidden = c.n_embd;
  const inner = c.n_inner ?? 4 * hidden;
  const activation = findActivation('activation_function', c.activation_function);
  const warnings = checkOtherFields(config, []);
  if (hidden % c.n_head !== 0) throw unsupported('n_embd', hidden, `a multiple of n_head = ${c.n_head}`);
  checkLayerCount('n_layer', c.n_layer, layerLimit);
  const linear = (name: string, role: LayerRole, inFeatures: number, outFeatures: number): LinearLayer => ({
    name,
    role,
    inFeatures,
    outFeatures,
    stored: 'in-out',
    bias: true,
  });
  const headSize = hidden / c.n_head;
  const blocks = Array.from({ length: c.n_layer }, (_, index) => {
    const name = `transformer.h.${index}`;
    return {
      name,
      scale:
        (c.scale_attn_weights ? 1 / Math.sqrt(headSize) : 1) /
        (c.scale_attn_by_inverse_layer_idx ? index + 1 : 1),
      attention: linear(`${name}.attn.c_attn`, 'query-key-value', hidden, 3 * hidden),
      projection: linear(`${name}.attn.c_proj`, 'output', hidden, hidden),
      expand: linear(`${name}.mlp.c_fc`, 'up', hidden, inner),
      contract: linear(`${name}.mlp.c_proj`, 'down', inner, hidden),
    };
  });
  const layers = blocks.flatMap((block) => [block.attention, block.projection, block.expand, block.contract]);
  const embedding = { name: 'transformer.wte.weight', shape: [c.vocab_size, hidden] };
  const head = c.tie_word_embeddings ? embedding : { ...embedding, name: 'lm_head.weight' };
  const norms = [...blocks.flatMap(({ name }) => [`${name}.ln_1`, `${name}.ln_2`]), 'transformer.ln_f'];

  const norm = (context: ForwardContext, name: string, x: Value): Value => {
    const gain = context.weight(`${name}.weight`, [hidden]);
    return layerNormalization(x, gain, context.weight(`${name}.bias`, [hidden]), c.layer_norm_epsilon);
  };

  return {
    modelType: 'gpt2',
    vocabularySize: c.vocab_size,
    contextLength: c.n_positions,
    hiddenSize: hidden,
    layers,
    weights: [
      embedding,
      ...(c.tie_word_embeddings ? [] : [head]),
      { name: 'transformer.wpe.weight', shape: [c.n_positions, hidden] },
      ...norms.flatMap((name) =>
        ['weight', 'bias'].map((part) => ({
          name: `${name}.${part}`,
          shape: [hidden],
          ...(part === 'bias' && { start: 0 }),
        })),
      ),
      ...layers.flatMap(layerWeights),
    ],
    head: head.name,
    logitCap: null,
    computed: computedFields(c, inner),
    warnings,
    forward(context, tokens) {
      const { sequences, seqLen, graph } = context;
      const shape = { sequences, seqLen, heads: c.n_head, kvHeads: c.n_head, headSize };
      const positions = graph.constant(int64([seqLen], [...Array(seqLen).keys()]));
      const embedded = add(
        gather(context.weight(embedding.name, embedding.shape), tokens),
        gather(context.weight('transformer.wpe.weight', [c.n_positions, hidden]), positions),
      );
      let x = reshape(embedded, [sequences * seqLen, hidden]);
      for (const block of blocks) {
        const projected = context.linear(block.attention, norm(context, `${block.name}.ln_1`, x));
        const [q, k, v] = split(projected, 1, [hidden, hidden, hidden]).map((part) =>
          splitHeads(part, shape, c.n_head),
        ) as [Value, Value, Value];
        const attended = causalAttention(q, k, v, { ...shape, scale: block.scale });
        x = add(x, context.linear(block.projection, attended));
        const expanded = activation(context.linear(block.expand, norm(context, `${block.name}.ln_2`, x)));
        x = add(x, context.linear(block.contract, expanded));
      }
      return norm(context, 'transformer.ln_f', x);
    },
  };
}

/** What numbers depend on, as records hold it. */
function computedFields(c: z.output<typeof configSchema>, inner: number): ModelDefinition['computed'] {
  return {
    model_type: 'gpt2',
    vocab_size: c.vocab_size,
    n_positions: c.n_positions,
    n_embd: c.n_embd,
    n_layer: c.n_layer,
    n_head: c.n_head,
    n_inner: inner,
    activation_function: oneSpelling(c.activation_function),
    layer_norm_epsilon: c.layer_norm_epsilon,
    scale_attn_weights: c.scale_attn_weights,
    scale_attn_by_inverse_layer_idx: c.scale_attn_by_inverse_layer_idx,
    tie_word_embeddings: c.tie_word_embeddings,
  };
}

function withOwnNames(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const renamed = new Map(Object.entries(config));
  for (const [other, own] of OTHER_NAMES) {
    const value = renamed.get(other);
    if (value === undefined) continue;
    if ((renamed.get(own) ?? value) !== value) {
      throw unsupported(other, value, `the same as ${own} = ${shorten(renamed.get(own))}`);
    }
    renamed.set(own, value);
  }
  return Object.fromEntries(renamed);
}
