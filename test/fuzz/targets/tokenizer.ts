/** Tokenizers of Hugging Face folders. What opens must also encode and decode. */
import type { Checkpoint } from '../../../src/checkpoint/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { openTokenizer, type Tokenizer } from '../../../src/text/index.ts';
import { BYTE_CHARACTERS } from '../kit/bytes-alphabet.ts';
import { breakJson } from '../kit/json-case.ts';
import { chance, oddName, pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { together } from '../kit/tensor-file.ts';

const LIMIT = 1000;
const TEXTS = [
  'the sea',
  "it's 12345  \n wei\u00df \u4e2d\u6587 \ud83d\ude00",
  '<|endoftext|>a</s>',
  'x'.repeat(60),
  '\u0000\ufeff',
];

/** Opened, and used on a few texts. */
export interface UsedTokenizer {
  readonly vocabularySize: number;
  readonly ids: readonly (readonly number[])[];
  readonly texts: readonly string[];
}

export const tokenizer = defineTarget<UsedTokenizer>({
  name: 'tokenizer',
  weight: 4,
  make: makeTokenizer,
  read: async (folder) => useTokenizer(await openTokenizer(folderOf(folder))),
});

/** As much of a checkpoint as a tokenizer is opened from. */
const folderOf = (path: string) =>
  ({ path, format: 'safetensors', config: { vocab_size: LIMIT }, warnings: [] }) as unknown as Checkpoint;

export function useTokenizer(opened: Tokenizer): UsedTokenizer {
  const ids = TEXTS.map((text) => opened.encode(text));
  return { vocabularySize: opened.vocabularySize, ids, texts: ids.map((list) => opened.decode(list)) };
}

/** What must hold of every tokenizer that was opened. */
export function checkIds({ ids, vocabularySize }: UsedTokenizer, limit: number): string | undefined {
  const odd = ids
    .flat()
    .find((id) => !Number.isInteger(id) || id < 0 || id >= Math.min(vocabularySize, limit));
  return odd === undefined ? undefined : `the id ${odd}, of ${vocabularySize}`;
}

function makeTokenizer(rng: Rng): FuzzCase<UsedTokenizer> {
  const [document, lossless] = pick(rng, [byteLevelBpe, byteLevelBpe, sentencePieceBpe, unigram])(rng);
  const config = {
    ...(chance(rng, 0.7) && { eos_token: pick(rng, ['<|endoftext|>', { content: '</s>' }, null]) }),
    ...(chance(rng, 0.3) && { bos_token: '<s>' }),
    ...(chance(rng, 0.2) && { add_bos_token: chance(rng, 0.5) }),
  };
  const breaks = ({ what, path }: { readonly what: string; readonly path: string }) =>
    what === 'retype' && ['model', 'model/vocab', 'model/type'].includes(path);
  const inConfig = chance(rng, 0.2);
  const main = breakJson(document, rng, { breaks, ...(inConfig && { intact: 1 }) });
  const beside = breakJson(config, rng, { breaks: () => false, intact: inConfig ? 0.2 : 1 });
  const { verdict, changes } = together([main, beside]);
  return {
    files: { 'tokenizer.json': main.bytes, 'tokenizer_config.json': beside.bytes },
    // Unigram with bytes, and what else is not computed, may be refused.
    verdict: verdict === 'accept' && !lossless ? 'either' : verdict,
    changes,
    check(read) {
      const wrong = checkIds(read, LIMIT);
      if (wrong !== undefined || changes.length > 0 || !lossless) return wrong;
      // Special tokens that stand in the text come back as they are.
      const at = TEXTS.findIndex((text, i) => read.texts[i] !== text && !read.texts[i]!.endsWith(text));
      return at < 0
        ? undefined
        : `${JSON.stringify(TEXTS[at])} came back as ${JSON.stringify(read.texts[at])}`;
    },
  };
}

const PATTERNS = [
  "'s|'t| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  '\\p{N}{1,3}',
  '(a+)+$',
  '(x+x+)+y',
  '([a-z]*)*1',
  '(?i:the)|\\s',
  '[',
  '(?<=',
];

type Made = readonly [document: Readonly<Record<string, unknown>>, lossless: boolean];

function byteLevelBpe(rng: Rng): Made {
  const bytes = {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: chance(rng, 0.5),
  };
  const vocab = new Map(BYTE_CHARACTERS.map((character, id) => [character, id]));
  const merges: string[][] = [];
  for (const [left, right] of [
    ['t', 'h'],
    ['th', 'e'],
    ['\u0120', 'the'],
    ['s', 'e'],
    ['x', 'x'],
    ['xx', 'xx'],
  ]) {
    if (!chance(rng, 0.8) || !vocab.has(left!) || !vocab.has(right!)) continue;
    vocab.set(left! + right!, vocab.size);
    merges.push([left!, right!]);
  }
  const pattern = pick(rng, PATTERNS);
  const odd = chance(rng, 0.2);
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  const document = {
    version: '1.0',
    added_tokens: [addedToken(vocab.size, '<|endoftext|>', rng)],
    normalizer: null,
    pre_tokenizer: odd ? { type: 'Sequence', pretokenizers: [split, bytes] } : bytes,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(vocab),
      merges: chance(rng, 0.5) ? merges : merges.map((pair) => pair.join(' ')),
      ignore_merges: chance(rng, 0.2),
    },
  };
  return [document, !odd];
}

function sentencePieceBpe(rng: Rng): Made {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const pieces = [
    '<unk>',
    '<s>',
    '</s>',
    ...bytes,
    '\u2581',
    ...'abcdefghijklmnopqrstuvwxyz',
    'th',
    'the',
    '\u2581the',
  ];
  const document = {
    version: '1.0',
    added_tokens: [0, 1, 2].map((id) => addedToken(id, pieces[id]!, rng)),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u2581' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: chance(rng, 0.8),
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: [
        ['t', 'h'],
        ['th', 'e'],
        ['\u2581', 'the'],
      ],
    },
  };
  return [document, false];
}

function unigram(rng: Rng): Made {
  const pieces = [
    '<unk>',
    '\u2581',
    '\u2581the',
    'sea',
    's',
    'e',
    'a',
    't',
    'h',
    ...(chance(rng, 0.1) ? [oddName(rng)] : []),
  ];
  const document = {
    version: '1.0',
    added_tokens: [addedToken(0, '<unk>', rng)],
    normalizer: pick(rng, [null, { type: 'NFKC' }, { type: 'Precompiled', precompiled_charsmap: 'AAAA' }]),
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: 0,
      byte_fallback: chance(rng, 0.2),
      vocab: pieces.map((piece, id) => [piece, id === 0 ? 0 : -id]),
    },
  };
  return [document, false];
}

function addedToken(id: number, content: string, rng: Rng) {
  const flag = () => chance(rng, 0.1);
  return {
    id,
    content,
    single_word: false,
    lstrip: flag(),
    rstrip: flag(),
    normalized: false,
    special: true,
  };
}
