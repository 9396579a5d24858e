/** Whole Llama models in a GGUF file: weights, keys, and the vocabulary inside. */
import { join } from 'node:path';
import { type Model, openModel } from '../../../src/models/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { BYTE_CHARACTERS } from '../kit/bytes-alphabet.ts';
import { changeBytes, join as joinBytes } from '../kit/change-bytes.ts';
import { type GgufEntry, type GgufParts, writeGgufParts } from '../kit/gguf-file.ts';
import { judgeGguf } from '../kit/judge-gguf.ts';
import { chance, oddName, pick, words } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { randomTensor } from '../kit/tensor-file.ts';
import { changeParts } from './gguf.ts';
import { checkIds, type UsedTokenizer, useTokenizer } from './tokenizer.ts';

interface Read {
  readonly model: Model;
  readonly used: UsedTokenizer;
}

export const ggufModel = defineTarget<Read>({
  name: 'gguf-model',
  weight: 4,
  make: makeGgufModel,
  async read(folder) {
    const model = await openModel(join(folder, 'tiny.gguf'), {
      cacheFolder: join(folder, 'cache'),
      onWarning: () => {},
    });
    return { model, used: useTokenizer(await model.tokenizer()) };
  },
});

const TOKENS = [...BYTE_CHARACTERS, 'th', 'the', '\u0120the', '<|endoftext|>'];

function makeGgufModel(rng: Rng): FuzzCase<Read> {
  const blocks = 1 + rng.integer(2);
  const parts = llamaParts(blocks, rng);
  const changes: string[] = [];
  const kind = rng.integer(5);
  if (kind === 1 || kind === 2) changes.push(changeKey(parts, rng));
  if (kind === 3) changes.push(changeParts(parts, rng));
  let bytes = writeGgufParts(parts);
  if (kind === 4) {
    const change = changeBytes(bytes, rng, () => writeGgufParts(llamaParts(1, rng)));
    bytes = change.bytes;
    changes.push(change.what);
  }
  const judged = judgeGguf(bytes);
  return {
    files: { 'tiny.gguf': bytes },
    verdict: judged.verdict === 'accept' && changes.length > 0 ? 'either' : judged.verdict,
    changes: [...changes, judged.why],
    check({ model, used }) {
      const wrong = checkIds(used, model.definition.vocabularySize);
      if (wrong !== undefined || changes.length > 0) return wrong;
      return model.definition.layers.length === 7 * blocks
        ? undefined
        : `${model.definition.layers.length} layers`;
    },
  };
}

/** A model of width 8 with a vocabulary of all bytes. */
export function llamaParts(blocks: number, rng: Rng): GgufParts {
  const [width, inner, heads] = [8, 12, 2];
  const entries: GgufEntry[] = [
    text('general.architecture', 'llama'),
    uint('llama.block_count', blocks),
    uint('llama.context_length', 16),
    uint('llama.embedding_length', width),
    uint('llama.feed_forward_length', inner),
    uint('llama.attention.head_count', heads),
    uint('llama.attention.head_count_kv', 1),
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 6, value: 1e-5 },
    text('tokenizer.ggml.model', chance(rng, 0.8) ? 'gpt2' : 'llama'),
    text('tokenizer.ggml.pre', pick(rng, ['gpt-2', 'smollm', 'llama-bpe', 'qwen2', 'default', 'olmo'])),
    { key: 'tokenizer.ggml.scores', type: 9, itemType: 6, value: TOKENS.map((_, id) => -id) },
    { key: 'tokenizer.ggml.tokens', type: 9, itemType: 8, value: TOKENS },
    { key: 'tokenizer.ggml.merges', type: 9, itemType: 8, value: ['t h', 'th e', '\u0120 the'] },
    {
      key: 'tokenizer.ggml.token_type',
      type: 9,
      itemType: 5,
      value: TOKENS.map((_, id) => (id < TOKENS.length - 1 ? 1 : 3)),
    },
    uint('tokenizer.ggml.eos_token_id', TOKENS.length - 1),
    uint('tokenizer.ggml.bos_token_id', TOKENS.length - 1),
  ];
  const shapes: [string, readonly number[]][] = [
    ['token_embd.weight', [TOKENS.length, width]],
    ['output_norm.weight', [width]],
  ];
  for (let block = 0; block < blocks; block++) {
    for (const [part, shape] of Object.entries({
      ...{ attn_norm: [width], ffn_norm: [width], attn_q: [width, width], attn_k: [width / heads, width] },
      ...{ attn_v: [width / heads, width], attn_output: [width, width] },
      ...{ ffn_gate: [inner, width], ffn_up: [inner, width], ffn_down: [width, inner] },
    }))
      shapes.push([`blk.${block}.${part}.weight`, shape]);
  }
  const infos: GgufParts['infos'] = [];
  const data: Uint8Array[] = [];
  let end = 0;
  for (const [name, shape] of shapes) {
    const { values } = randomTensor(name, shape, rng);
    infos.push({ name, dims: shape.toReversed().map(BigInt), type: 0, offset: BigInt(end) });
    const gap = (32 - (values.byteLength % 32)) % 32;
    data.push(new Uint8Array(values.buffer as ArrayBuffer), new Uint8Array(gap));
    end += values.byteLength + gap;
  }
  return { magic: 'GGUF', version: 3, entries, infos, alignment: 32, data: joinBytes(...data) };
}

const uint = (key: string, value: number): GgufEntry => ({ key, type: 4, value });
const text = (key: string, value: string): GgufEntry => ({ key, type: 8, value });

/** Another value, or another type, of a key that means something. */
function changeKey(parts: GgufParts, rng: Rng): string {
  const entry = pick(rng, parts.entries);
  const { key } = entry;
  const value = pick(rng, [0, 1, 2, 3, 4, 7, 64, 258, 259, 260, 1000, 2 ** 24, 2 ** 31, 2 ** 32 - 1]);
  const odd: GgufEntry[] = [
    { key, type: 4, value },
    { key, type: 10, value: BigInt(value) * 2n ** 20n },
    { key, type: 6, value: pick(rng, [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e-30]) },
    { key, type: 8, value: chance(rng, 0.5) ? oddName(rng) : words(rng) },
    { key, type: 9, itemType: 4, value: [value, 1, 2] },
    { key, type: 9, itemType: 8, value: ['t h', 'the', ' ', '', 'x y z', oddName(rng)] },
    {
      key,
      type: 9,
      itemType: 8,
      value: TOKENS.map((token, id) => (chance(rng, 0.02) ? oddName(rng) : id % 50 ? token : 'a')),
    },
    { key, type: 9, itemType: 5, value: [1, 3, 4, 9] },
  ];
  const more: GgufEntry[] = [
    { key: 'llama.rope.dimension_count', type: 4, value },
    { key: 'llama.rope.freq_base', type: 6, value: pick(rng, [0, -1, Number.NaN, 1e30]) },
    { key: 'llama.rope.scaling.type', type: 8, value: pick(rng, ['linear', 'yarn', 'none', 'x']) },
    { key: 'llama.rope.scaling.factor', type: 6, value: pick(rng, [0, 2, Number.NaN]) },
    { key: 'llama.attention.key_length', type: 4, value },
    { key: 'llama.vocab_size', type: 4, value },
    { key: 'llama.expert_count', type: 4, value },
  ];
  switch (rng.integer(4)) {
    case 0:
      parts.entries = parts.entries.filter((one) => one !== entry);
      return `no ${key}`;
    case 1: {
      const added = pick(rng, more);
      parts.entries.push(added);
      return `${added.key} = ${String(added.value)}`;
    }
    default: {
      const made = pick(rng, odd);
      parts.entries = parts.entries.map((one) => (one === entry ? made : one));
      return `${key} of type ${made.type}: ${String(made.value).slice(0, 40)}`;
    }
  }
}
