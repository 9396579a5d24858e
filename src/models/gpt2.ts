/** GPT-2: learned positions, LayerNorm before each half, one fused query-key-value projection, GELU. */
import { z } from 'zod';
import {
  add,
  gather,
  gelu,
  geluTanh,
  layerNormalization,
  relu,
  reshape,
  split,
  type Value,
} from '../graph/index.ts';
import { int64 } from '../numeric/index.ts';
import { causalAttention, splitHeads } from './attention.ts';
import { parseConfig, unsupported } from './config.ts';
import { type LinearLayer, layerWeights, type ModelDefinition } from './definition.ts';
import type { ForwardContext } from './forward.ts';

const configSchema = z.object({
  vocab_size: z.int().positive(),
  n_positions: z.int().positive(),
  n_embd: z.int().positive(),
  n_layer: z.int().positive(),
  n_head: z.int().positive(),
  n_inner: z.int().positive().nullish(),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
});

const ACTIVATIONS: Readonly<Record<string, (x: Value) => Value>> = {
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu,
  relu,
};

export function gpt2(config: unknown): ModelDefinition {
  const c = parseConfig(configSchema, config, 'gpt2');
  const hidden = c.n_embd;
  const inner = c.n_inner ?? 4 * hidden;
  const activation = ACTIVATIONS[c.activation_function];
  if (activation === undefined) {
    throw unsupported('activation_function', c.activation_function, Object.keys(ACTIVATIONS).join(', '));
  }
  if (!c.scale_attn_weights || c.scale_attn_by_inverse_layer_idx) {
    throw unsupported('scale_attn_weights / scale_attn_by_inverse_layer_idx', config, 'true / false');
  }
  if (hidden % c.n_head !== 0) throw unsupported('n_embd', hidden, `a multiple of n_head = ${c.n_head}`);
  const linear = (name: string, inFeatures: number, outFeatures: number): LinearLayer => ({
    name,
    inFeatures,
    outFeatures,
    stored: 'in-out',
    bias: true,
  });
  const blocks = Array.from({ length: c.n_layer }, (_, index) => {
    const name = `transformer.h.${index}`;
    return {
      name,
      attention: linear(`${name}.attn.c_attn`, hidden, 3 * hidden),
      projection: linear(`${name}.attn.c_proj`, hidden, hidden),
      expand: linear(`${name}.mlp.c_fc`, hidden, inner),
      contract: linear(`${name}.mlp.c_proj`, inner, hidden),
    };
  });
  const layers = blocks.flatMap((block) => [block.attention, block.projection, block.expand, block.contract]);
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
      { name: 'transformer.wte.weight', shape: [c.vocab_size, hidden] },
      { name: 'transformer.wpe.weight', shape: [c.n_positions, hidden] },
      ...norms.flatMap((name) =>
        ['weight', 'bias'].map((part) => ({ name: `${name}.${part}`, shape: [hidden] })),
      ),
      ...layers.flatMap(layerWeights),
    ],
    head: 'transformer.wte.weight',
    forward(context, tokens) {
      const { sequences, seqLen, graph } = context;
      const headSize = hidden / c.n_head;
      const shape = { sequences, seqLen, heads: c.n_head, kvHeads: c.n_head, headSize };
      const positions = graph.constant(int64([seqLen], [...Array(seqLen).keys()]));
      const embedded = add(
        gather(context.weight('transformer.wte.weight', [c.vocab_size, hidden]), tokens),
        gather(context.weight('transformer.wpe.weight', [c.n_positions, hidden]), positions),
      );
      let x = reshape(embedded, [sequences * seqLen, hidden]);
      for (const block of blocks) {
        const projected = context.linear(block.attention, norm(context, `${block.name}.ln_1`, x));
        const [q, k, v] = split(projected, 1, [hidden, hidden, hidden]).map((part) =>
          splitHeads(part, shape, c.n_head),
        ) as [Value, Value, Value];
        x = add(x, context.linear(block.projection, causalAttention(q, k, v, shape)));
        const expanded = activation(context.linear(block.expand, norm(context, `${block.name}.ln_2`, x)));
        x = add(x, context.linear(block.contract, expanded));
      }
      return norm(context, 'transformer.ln_f', x);
    },
  };
}
