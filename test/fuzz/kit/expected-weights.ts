/** Names and shapes of a model's weights, as transformers saves them; written apart from `src/models`. */
import type { gpt2Config, llamaConfig } from '../targets/config.ts';

interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export function defineModelFromConfig(
  config: ReturnType<typeof gpt2Config> | ReturnType<typeof llamaConfig>,
): readonly NamedShape[] {
  return config.model_type === 'gpt2' ? gpt2Weights(config) : llamaWeights(config);
}

function gpt2Weights({
  vocab_size,
  n_positions,
  n_embd: width,
  n_layer,
  ...rest
}: ReturnType<typeof gpt2Config>) {
  const inner = (rest as { n_inner?: number | null }).n_inner ?? 4 * width;
  const tied = (rest as { tie_word_embeddings?: boolean }).tie_word_embeddings ?? true;
  const weights: NamedShape[] = [
    { name: 'transformer.wte.weight', shape: [vocab_size, width] },
    { name: 'transformer.wpe.weight', shape: [n_positions, width] },
    ...vectors('transformer.ln_f', width),
  ];
  for (let block = 0; block < n_layer; block++) {
    const name = `transformer.h.${block}`;
    weights.push(...vectors(`${name}.ln_1`, width), ...vectors(`${name}.ln_2`, width));
    weights.push(
      ...conv(`${name}.attn.c_attn`, width, 3 * width),
      ...conv(`${name}.attn.c_proj`, width, width),
    );
    weights.push(...conv(`${name}.mlp.c_fc`, width, inner), ...conv(`${name}.mlp.c_proj`, inner, width));
  }
  if (!tied) weights.push({ name: 'lm_head.weight', shape: [vocab_size, width] });
  return weights;
}

function llamaWeights(config: ReturnType<typeof llamaConfig>) {
  const { vocab_size, hidden_size: width, intermediate_size: inner, num_hidden_layers } = config;
  const [queries, keys] = [
    config.num_attention_heads * config.head_dim,
    config.num_key_value_heads * config.head_dim,
  ];
  const bias = (config as { attention_bias?: boolean }).attention_bias === true;
  const weights: NamedShape[] = [
    { name: 'model.embed_tokens.weight', shape: [vocab_size, width] },
    { name: 'model.norm.weight', shape: [width] },
  ];
  const linear = (name: string, outputs: number, inputs: number) => {
    weights.push({ name: `${name}.weight`, shape: [outputs, inputs] });
    if (bias) weights.push({ name: `${name}.bias`, shape: [outputs] });
  };
  for (let block = 0; block < num_hidden_layers; block++) {
    const name = `model.layers.${block}`;
    weights.push({ name: `${name}.input_layernorm.weight`, shape: [width] });
    weights.push({ name: `${name}.post_attention_layernorm.weight`, shape: [width] });
    linear(`${name}.self_attn.q_proj`, queries, width);
    linear(`${name}.self_attn.k_proj`, keys, width);
    linear(`${name}.self_attn.v_proj`, keys, width);
    linear(`${name}.self_attn.o_proj`, width, queries);
    linear(`${name}.mlp.gate_proj`, inner, width);
    linear(`${name}.mlp.up_proj`, inner, width);
    linear(`${name}.mlp.down_proj`, width, inner);
  }
  if (!config.tie_word_embeddings) weights.push({ name: 'lm_head.weight', shape: [vocab_size, width] });
  return weights;
}

const vectors = (name: string, width: number): NamedShape[] =>
  ['weight', 'bias'].map((part) => ({ name: `${name}.${part}`, shape: [width] }));

const conv = (name: string, inputs: number, outputs: number): NamedShape[] => [
  { name: `${name}.weight`, shape: [inputs, outputs] },
  { name: `${name}.bias`, shape: [outputs] },
];
