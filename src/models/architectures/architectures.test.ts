import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ARCHITECTURE_MODELS, loadArchitecture } from '../../../test/support/architecture-reference.ts';
import { sizeOf } from '../../numeric/index.ts';
import { findArchitecture } from './index.ts';

type Config = Readonly<Record<string, unknown>>;
const define = (config: Config) => findArchitecture(config, 'model').define(config);
const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

/** Configs as they are on the hub, without what only generation reads, and what transformers counts on its meta device. */
const PUBLISHED: Readonly<Record<string, { config: Config; parameters: number }>> = read(
  '../../../test/reference/published-configs.json',
);

it.each(Object.entries(PUBLISHED))(
  '%s has as many parameters as in transformers, and nothing to be told',
  (_, one) => {
    const { weights, warnings } = define(one.config);
    expect(weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(one.parameters);
    expect(warnings).toEqual([]);
  },
);

const configOf = (name: string): Config =>
  JSON.parse(readFileSync(`${loadArchitecture(name).folder}/config.json`, 'utf8'));

describe('roles', () => {
  it.each(ARCHITECTURE_MODELS)('of %s are those that its modules have', (name) => {
    const { layers } = define(configOf(name));
    const roles: Readonly<Record<string, string>> = {
      ...{ q_proj: 'query', k_proj: 'key', v_proj: 'value', o_proj: 'output', dense: 'output' },
      ...{ qkv_proj: 'query-key-value', query_key_value: 'query-key-value', gate_up_proj: 'gate-up' },
      ...{ gate_proj: 'gate', up_proj: 'up', c_fc: 'up', dense_h_to_4h: 'up' },
      ...{ down_proj: 'down', c_proj: 'down', dense_4h_to_h: 'down' },
    };
    for (const layer of layers) expect(layer.role, layer.name).toBe(roles[layer.name.split('.').at(-1)!]);
  });
});

describe('what transformers refuses, or this program does not compute', () => {
  it.each<[string, Config, RegExp]>([
    ['qwen2', { layer_types: ['full_attention'] }, /layer_types/],
    ['qwen2', { layer_types: ['full_attention', 'chunked_attention', 'full_attention'] }, /layer_types/],
    [
      'qwen2',
      { use_sliding_window: false, layer_types: Array(3).fill('sliding_attention') },
      /sliding_window/,
    ],
    ['qwen2', { sliding_window: 0 }, /sliding_window/],
    ['qwen2', { partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
    ['qwen3', { head_dim: 7 }, /head_dim/],
    ['qwen3', { num_key_value_heads: 3 }, /num_key_value_heads/],
    ['mistral', { num_key_value_heads: null }, /num_key_value_heads/],
    ['gemma2', { use_bidirectional_attention: true }, /use_bidirectional_attention/],
    ['gemma2', { attn_logit_softcapping: 0 }, /attn_logit_softcapping/],
    ['gemma2', { hidden_size: 18 }, /hidden_size/],
    ['gemma2', { rope_parameters: { full_attention: { rope_type: 'default' } } }, /rope_parameters/],
    ['gemma3', { rope_parameters: { full_attention: 7 } }, /rope_parameters/],
    ['gemma3', { rope_scaling: { rope_type: 'toString' } }, /toString/],
    ['gemma3', { sliding_window_pattern: 0 }, /sliding_window_pattern/],
    ['gpt-neox', { head_dim: 6 }, /head_dim/],
    ['gpt-neox', { rotary_pct: 0.01 }, /partial_rotary_factor/],
    ['gpt-neox', { rotary_pct: 1.5 }, /partial_rotary_factor/],
    ['phi3', { rope_scaling: { type: 'linear', factor: 2 } }, /linear/],
    ['phi3', { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }, /short_factor/],
    ['smollm3', { no_rope_layers: [1] }, /no_rope_layers/],
    ['smollm3', { no_rope_layer_interval: 0 }, /no_rope_layer_interval/],
    ['starcoder2', { use_bias: null }, /use_bias/],
  ])('%s with %j', (name, change, message) => {
    const refused = expect.objectContaining({
      code: expect.stringMatching(/^config-(invalid|unsupported)$/),
      message: expect.stringMatching(message),
    });
    expect(() => define({ ...configOf(name), ...change })).toThrow(refused);
  });
});

describe('what transformers leaves alone is told', () => {
  it.each<[string, Config, RegExp]>([
    ['qwen2', { attention_bias: false }, /attention_bias = false/],
    ['mistral', { layer_types: ['sliding_attention', 'sliding_attention'] }, /layer_types/],
    ['gemma2', { hidden_act: 'relu' }, /hidden_act = "relu"/],
    ['gemma3', { attn_logit_softcapping: 50 }, /attn_logit_softcapping = 50/],
    ['gemma3', { rope_parameters: { rope_type: 'linear', factor: 4 } }, /rope_type, factor.*by layer type/],
    ['gpt-neox', { rope_theta: 77 }, /rope_theta = 77/],
    ['olmo2', { clip_qkv: 8 }, /clip_qkv = 8/],
    ['starcoder2', { mlp_type: 'gated' }, /mlp_type = "gated"/],
  ])('%s with %j', (name, change, message) => {
    expect(define({ ...configOf(name), ...change }).warnings).toEqual([expect.stringMatching(message)]);
  });
});
