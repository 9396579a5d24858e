import { describe, expect, it } from 'vitest';
import { ggufMetadata } from '../../../test/support/gguf.ts';
import type { GgufValue } from '../gguf-write.ts';
import type { WeightSource } from '../weight-source.ts';
import { translateGguf } from './translate.ts';

const KEYS: Record<string, GgufValue> = {
  'general.architecture': 'llama',
  'llama.block_count': 1,
  'llama.context_length': 64,
  'llama.embedding_length': 32,
  'llama.feed_forward_length': 48,
  'llama.attention.head_count': 4,
  'llama.attention.layer_norm_rms_epsilon': { float32: 0.5 },
};
const tensor = (name: string, shape: number[]): WeightSource => ({
  name,
  dtype: 'F32',
  shape,
  path: 'tiny.gguf',
  offset: 0,
  length: 0,
});
const translate = (keys: Record<string, GgufValue>, more: WeightSource[] = []) =>
  translateGguf('tiny.gguf', {
    metadata: ggufMetadata({ ...KEYS, ...keys }),
    tensors: [tensor('token_embd.weight', [5, 32]), ...more],
  });

// llama.cpp, load_hparams: `rope.scaling.type` is "linear" unless it is said, the factor that of `rope.scaling.factor`,
// else of `rope.scale_linear`; 0 is none; type "none" never scales.
describe('rotary scaling is what llama.cpp makes of the header', () => {
  it.each<[Record<string, GgufValue>, number | null]>([
    [{}, null],
    [{ 'rope.scaling.type': 'linear' }, null],
    [{ 'rope.scaling.factor': { float32: 4 } }, 4],
    [{ 'rope.scale_linear': { float32: 2 } }, 2],
    [{ 'rope.scaling.factor': { float32: 4 }, 'rope.scale_linear': { float32: 2 } }, 4],
    [{ 'rope.scaling.factor': { float32: 0 }, 'rope.scale_linear': { float32: 2 } }, null],
    [{ 'rope.scaling.factor': { float32: 1 } }, null],
    [{ 'rope.scaling.type': 'none', 'rope.scaling.factor': { float32: 4 } }, null],
  ])('%j', (keys, factor) => {
    const llama = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`llama.${key}`, value]));
    const { config, warnings } = translate(llama);
    expect(config.rope_scaling).toEqual(factor === null ? null : { rope_type: 'linear', factor });
    expect(warnings).toEqual([]);
  });

  it('or refused', () => {
    const factors = tensor('rope_freqs.weight', [4]);
    const both = () => translate({ 'llama.rope.scale_linear': 2 }, [factors]);
    expect(both).toThrow(/rope_freqs\.weight and linear scaling by 2/);
    expect(() => translate({}, [tensor('rope_freqs.weight', [1e9])])).toThrow(/shape \[1000000000\]/);
    for (const type of ['longrope', 'constructor'])
      expect(() => translate({ 'llama.rope.scaling.type': type })).toThrow(type);
    expect(() => translate({ 'llama.rope.scaling.factor': { float32: -2 } })).toThrow(/by -2/);
  });
});

describe('keys of the header', () => {
  it.each<[string, GgufValue]>([
    ['rope.dimension_count', 4],
    ['attention.value_length', 16],
    ['rope.scaling.attn_factor', { float32: 2 }],
    ['attention.causal', false],
    ['expert_count', 8],
    ['attention.head_count_kv', [1, 2]],
    ['feed_forward_length', []],
  ])('that change the numbers and are not computed are refused: %s', (key, value) => {
    expect(() => translate({ [`llama.${key}`]: value })).toThrow(
      expect.objectContaining({ code: 'gguf-unsupported', message: expect.stringContaining(`llama.${key}`) }),
    );
  });

  it('say nothing at their neutral values, or where they only describe', () => {
    const { config, warnings } = translate({
      'llama.rope.dimension_count': 8,
      'llama.attention.key_length': 8,
      'llama.attention.value_length': 8,
      'llama.attention.head_count_kv': [2, 2],
      'llama.expert_count': 0,
      'llama.attention.sliding_window': 0,
      'llama.use_parallel_residual': false,
      'llama.attention.causal': true,
      'llama.rope.scaling.attn_factor': { float32: 1 },
      'llama.rope.scaling.original_context_length': 8192,
      'llama.rope.scaling.finetuned': true,
      'general.name': 'Llama',
    });
    expect(config.num_key_value_heads).toBe(2);
    expect(warnings).toEqual([]);
  });

  it('that nothing reads are told', () => {
    const { warnings } = translate({ 'llama.logit_scale': { float32: 0.5 }, 'llama.swin_norm': true });
    expect(warnings).toEqual([
      expect.stringMatching(/llama\.logit_scale = 0\.5, llama\.swin_norm = true, which is not computed/),
    ]);
  });

  it.each(['constructor', '__proto__', 'blk.0.constructor.weight', 'blk.0.toString.weight'])(
    'know no tensor %s',
    (name) => {
      expect(() => translate({}, [tensor(name, [5, 32])])).toThrow(/tensor/);
    },
  );
});
