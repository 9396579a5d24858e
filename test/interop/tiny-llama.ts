/** A small Llama with a vocabulary, as llama.cpp wants it. */
import type { GgufTensor, GgufValue } from '../../src/checkpoint/index.ts';
import { createRng } from '../../src/numeric/index.ts';

const [WIDTH, INNER, HEADS, WORDS] = [32, 48, 4, 300];
export const [KEYS, HEAD] = [2, 8];
export const IDS = [5, 200, 270, 31, 99, 123, 280, 7, 7, 44, 260, 17];
export const METADATA: Record<string, GgufValue> = {
  'general.architecture': 'llama',
  'llama.block_count': 2,
  'llama.context_length': 128,
  'llama.embedding_length': WIDTH,
  'llama.feed_forward_length': INNER,
  'llama.attention.head_count': HEADS,
  'llama.attention.head_count_kv': KEYS,
  'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
  'llama.rope.freq_base': { float32: 100 },
  'llama.vocab_size': WORDS,
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': Array.from({ length: WORDS }, (_, id) =>
    id >= 3 && id < 259 ? `<0x${(id - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `w${id}`,
  ),
  'tokenizer.ggml.token_type': Array.from({ length: WORDS }, (_, id) => (id >= 3 && id < 259 ? 6 : 1)),
};

export function tensors(): GgufTensor[] {
  const rng = createRng(7);
  const tensor = (name: string, shape: readonly number[]): GgufTensor => {
    const isGain = name.endsWith('norm.weight');
    const size = shape.reduce((product, extent) => product * extent, 1);
    const values = Float32Array.from({ length: size }, () => 0.2 * rng.normal() + Number(isGain));
    return { name, shape, type: 'F32', data: new Uint8Array(values.buffer) };
  };
  const block = (index: number) =>
    Object.entries({
      attn_norm: [WIDTH],
      ffn_norm: [WIDTH],
      attn_q: [HEADS * HEAD, WIDTH],
      attn_k: [KEYS * HEAD, WIDTH],
      attn_v: [KEYS * HEAD, WIDTH],
      attn_output: [WIDTH, HEADS * HEAD],
      ffn_gate: [INNER, WIDTH],
      ffn_up: [INNER, WIDTH],
      ffn_down: [WIDTH, INNER],
    }).map(([name, shape]) => tensor(`blk.${index}.${name}.weight`, shape));
  return [
    tensor('token_embd.weight', [WORDS, WIDTH]),
    tensor('output_norm.weight', [WIDTH]),
    ...block(0),
    ...block(1),
  ];
}
