import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint, readWeight } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { defineModel } from './define-model.ts';

const MODELS = fileURLToPath(new URL('../../test/reference/models/', import.meta.url));
const open = (name: string) => openCheckpoint(join(MODELS, name));

const withConfig = (checkpoint: Checkpoint, config: Record<string, unknown>): Checkpoint => ({
  ...checkpoint,
  config: { ...checkpoint.config, ...config },
});

function withNames(checkpoint: Checkpoint, rename: (name: string) => string | undefined): Checkpoint {
  const weights = [...checkpoint.weights.values()].flatMap((source) => {
    const name = rename(source.name);
    return name === undefined ? [] : [[name, { ...source, name }] as const];
  });
  return { ...checkpoint, weights: new Map(weights) };
}

function refusal(checkpoint: Checkpoint): string {
  try {
    defineModel(checkpoint);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect(String(error).length).toBeLessThan(1000);
    return `${(error as UserError).code}: ${String(error)}`;
  }
  throw new Error('was not refused');
}

describe('names', () => {
  it.each([
    ['gpt2', 'transformer.'],
    ['llama', 'model.'],
  ])('of %s are read with their prefix, without, and doubled', async (name, prefix) => {
    const checkpoint = await open(name);
    const expected = [...defineModel(checkpoint).checkpoint.weights.keys()];
    for (const rename of [
      (full: string) => full.replace(prefix, ''),
      (full: string) => prefix + full,
      // As transformers does it: each name by itself.
      (full: string) => (full.includes('attn') ? full.replace(prefix, '') : full),
    ]) {
      const { checkpoint: named } = defineModel(withNames(checkpoint, rename));
      expect([...named.weights.keys()]).toEqual(expected);
      expect(named.warnings).toEqual([]);
    }
  });

  it('that would meet are refused', async () => {
    const checkpoint = await open('llama');
    const source = checkpoint.weights.get('model.norm.weight')!;
    const weights = new Map([...checkpoint.weights, ['norm.weight', { ...source, name: 'norm.weight' }]]);
    expect(refusal({ ...checkpoint, weights })).toMatch(/^weight-ambiguous: .*[\s\S]*model\.norm\.weight/);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 7, null, ['llama'], 'x'.repeat(1e6)])(
    'of no architecture are refused: %s',
    async (type) => {
      expect(refusal(withConfig(await open('llama'), { model_type: type }))).toMatch(/^architecture-unknown/);
    },
  );
});

it.each([
  ['mixtral', 'a mixture of experts'],
  ['gemma3', 'a model of images and text'],
])('%s is refused as %s, with what can be opened', async (type, kind) => {
  const told = refusal(withConfig(await open('llama'), { model_type: type }));
  expect(told).toMatch(
    new RegExp(`^architecture-unknown: [\\s\\S]*"${type}", ${kind}[\\s\\S]*gemma3_text[\\s\\S]*qwen3`),
  );
});

describe('the number of layers', () => {
  it.each([
    ['llama', 'num_hidden_layers'],
    ['gpt2', 'n_layer'],
    ['gpt2', 'num_hidden_layers'],
  ])('of %s is bounded by the stored ones before any is made (%s)', async (name, field) => {
    const config = { n_layer: undefined, [field]: 1e15 };
    expect(refusal(withConfig(await open(name), config))).toMatch(/1000000000000000[\s\S]*at most 2/);
  });

  it('may be less, as in transformers, which is told; in GGUF, as in llama.cpp, it may not', async () => {
    const checkpoint = withConfig(await open('llama'), { num_hidden_layers: 1 });
    const { definition, checkpoint: opened } = defineModel(checkpoint);
    expect(definition.layers).toHaveLength(7);
    expect(opened.warnings).toEqual([
      expect.stringMatching(/no place for 9 stored weights.*model\.layers\.1\./),
    ]);
    expect(refusal({ ...checkpoint, format: 'gguf' })).toMatch(/^weights-unused: .*9 stored weights/);
  });

  it.each([
    { hidden_size: 2 ** 40 },
    { head_dim: 1e9 },
    { num_attention_heads: 1e9 },
    { vocab_size: 2 ** 52 },
    { intermediate_size: 1e12 },
  ])('and other sizes: %j', async (config) => {
    expect(refusal(withConfig(await open('llama'), config))).toMatch(/^(weight-shape|config-unsupported)/);
  });
});

describe('the head', () => {
  it('that is stored beside a tied embedding and differs is used, and the norm told', async () => {
    const untied = await open('llama');
    const { definition, checkpoint } = defineModel(withConfig(untied, { tie_word_embeddings: true }));
    expect(definition.head).toBe('lm_head.weight');
    expect(checkpoint.config.tie_word_embeddings).toBe(false);
    const [head, embedding] = ['lm_head.weight', 'model.embed_tokens.weight'].map((name) =>
      readWeight(untied, name),
    );
    const difference = Math.hypot(...head!.map((value, i) => value - embedding![i]!));
    expect(checkpoint.warnings).toEqual([expect.stringContaining(difference.toPrecision(4))]);
  });

  it.each(['gpt2', 'llama-tied'])(
    'of %s is the embedding when it equals it, or stands for it',
    async (name) => {
      const checkpoint = await open(name);
      const { definition } = defineModel(checkpoint);
      const embedding = checkpoint.weights.get(definition.head)!;
      const head = { ...embedding, name: 'lm_head.weight' };
      const both = { ...checkpoint, weights: new Map([...checkpoint.weights, [head.name, head]]) };
      const alone = withNames(both, (one) => (one === definition.head ? undefined : one));
      for (const one of [both, alone]) {
        const defined = defineModel(one);
        expect(defined.definition.head).toBe(definition.head);
        expect(defined.checkpoint.warnings).toEqual([]);
        expect(readWeight(defined.checkpoint, definition.head)).toEqual(
          readWeight(checkpoint, definition.head),
        );
      }
    },
  );

  it.each(['gpt2', 'llama-tied'])('of %s is missed where it is not tied', async (name) => {
    const untied = withConfig(await open(name), { tie_word_embeddings: false });
    expect(refusal(untied)).toMatch(/^weight-missing: .*lm_head\.weight[\s\S]*"tie_word_embeddings": true/);
  });

  it.each([null, 'true', 1])('has no flag %j', async (flag) => {
    expect(refusal(withConfig(await open('gpt2'), { tie_word_embeddings: flag }))).toMatch(/^config-invalid/);
  });
});

const LLAMA3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 20,
};

// What transformers 5.24 refuses or reads and we do not compute.
const REFUSED: Record<string, unknown>[] = [
  { quantization_config: { quant_method: 'gptq', bits: 4 } },
  { is_causal: false },
  { per_layer_config: { 0: { rms_norm_eps: 0.1 } } },
  { hidden_act: 'constructor' },
  { hidden_act: '__proto__' },
  { hidden_act: null },
  { num_attention_heads: 5 },
  { num_key_value_heads: 3 },
  { max_position_embeddings: null },
  { rms_norm_eps: null },
  { rope_theta: null, rope_parameters: null },
  { partial_rotary_factor: 0.5 },
  { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } },
  { rope_parameters: { full_attention: { rope_type: 'default', rope_theta: 500 } } },
  { rope_parameters: { rope_type: 'default', rope_theta: null } },
  { rope_scaling: { type: 'linear' } },
  { rope_scaling: { type: 'linear', factor: null } },
  { rope_scaling: { type: 'linear', factor: '4' } },
  { rope_scaling: { type: 'yarn' } },
  { rope_scaling: { type: 'longrope', factor: 4 } },
  { rope_scaling: { type: 'proportional', factor: 4 } },
  { rope_scaling: { type: 'dynamic' } },
  { rope_scaling: { type: 'toString', factor: 4 } },
  { rope_scaling: { rope_type: null, factor: 4 } },
  { rope_scaling: 'linear' },
  ...['factor', 'low_freq_factor', 'high_freq_factor'].map((key) => ({
    rope_scaling: { ...LLAMA3, [key]: undefined },
  })),
  { rope_scaling: { ...LLAMA3, low_freq_factor: 4 } },
  { rope_scaling: { ...LLAMA3, original_max_position_embeddings: null } },
  { rope_scaling: LLAMA3, original_max_position_embeddings: null },
];

// What transformers 5.24 runs without computing what the words say.
const WARNED: [Record<string, unknown>, RegExp][] = [
  [{ sliding_window: 4096 }, /sliding_window = 4096.*not computed/],
  [{ layer_types: ['full_attention', 'sliding_attention'] }, /layer_types/],
  [{ no_rope_layers: [1, 0] }, /no_rope_layers/],
  [{ final_logit_softcapping: 30 }, /final_logit_softcapping/],
  [{ query_pre_attn_scalar: 4 }, /query_pre_attn_scalar/],
  [{ logit_scale: 0.5 }, /logit_scale/],
  [{ rope_parameters: { rope_theta: 1e4, short_factor: [1, 2] } }, /short_factor = \[1,2\]/],
  [{ rope_parameters: { rope_theta: 1e4, factor: 4 } }, /rope_parameters nothing is made of factor = 4/],
  [{ rope_scaling: { type: 'linear', factor: 4, attention_factor: 2 } }, /attention_factor/],
  [
    {
      rope_scaling: { type: 'linear', factor: 4 },
      rope_parameters: { rope_type: 'linear', factor: 2 },
    },
    /both rope_scaling and rope_parameters/,
  ],
  [
    { rope_theta: 1000, rope_parameters: { rope_type: 'default', rope_theta: 5000 } },
    /rope_theta is 1000, the rope_theta of its rope_parameters 5000: the second counts/,
  ],
];

const SILENT: Record<string, unknown>[] = [
  { quantization_config: null, sliding_window: null, is_causal: true, layer_types: ['full_attention'] },
  { attention_dropout: 0.1, initializer_range: 0.5, pretraining_tp: 4, use_cache: false, dtype: 'float16' },
  { rope_parameters: { rope_type: 'default', rope_theta: 500, factor: null } },
  { rope_scaling: {}, rope_parameters: { rope_type: 'linear', factor: 2 } },
  { max_position_embeddings: undefined, rms_norm_eps: 0, hidden_act: 'gelu' },
];

describe('fields that are not computed', () => {
  it.each(REFUSED)('are refused: %j', async (config) => {
    expect(refusal(withConfig(await open('llama'), config))).toMatch(/^config-(invalid|unsupported)/);
  });

  it('names partial rotation as what is not computed', async () => {
    const config = { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } };
    const told = refusal(withConfig(await open('llama'), config));
    expect(told).toMatch(/not supported here(.|\n)*rope_parameters\.partial_rotary_factor = 0\.5/);
  });

  it.each(WARNED)('are told: %j', async (config, text) => {
    const { checkpoint } = defineModel(withConfig(await open('llama'), config));
    expect(checkpoint.warnings.join('\n')).toMatch(text);
  });

  it.each(SILENT)('or say nothing: %j', async (config) => {
    expect(defineModel(withConfig(await open('llama'), config)).checkpoint.warnings).toEqual([]);
  });

  it('are filled in where others ask: the tokenizer is held against the size of the vocabulary', async () => {
    const checkpoint = await open('llama');
    const embedding = checkpoint.weights.get('model.embed_tokens.weight')!;
    const wide = (name: string) => [name, { ...checkpoint.weights.get(name)!, shape: [32000, 24] }] as const;
    const weights = new Map([...checkpoint.weights, wide(embedding.name), wide('lm_head.weight')]);
    const { checkpoint: defined } = defineModel({
      ...withConfig(checkpoint, {}),
      config: Object.fromEntries(Object.entries(checkpoint.config).filter(([key]) => key !== 'vocab_size')),
      weights,
    });
    expect(defined.config.vocab_size).toBe(32000);
  });

  it('contradict each other in GPT-2', async () => {
    const checkpoint = await open('gpt2');
    expect(refusal(withConfig(checkpoint, { hidden_size: 32 }))).toMatch(
      /hidden_size = 32[\s\S]*n_embd = 24/,
    );
    const renamed = withConfig(checkpoint, { n_embd: undefined, hidden_size: 24 });
    expect(defineModel(renamed).definition.hiddenSize).toBe(24);
  });
});
