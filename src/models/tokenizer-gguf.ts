/** The vocabulary inside a GGUF file, told as a Hugging Face tokenizer. */
import type { GgufMetadata } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { BYTES, GPT2_PATTERN, type PreTokenizer, sequenceOf, splitBy } from './pre-tokenizer.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

const NEWER_PATTERN = (digits: string) =>
  `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}` +
  '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

interface Recipe {
  readonly preTokenizer: PreTokenizer;
  readonly normalizer?: PreTokenizer;
  /** A word that is in the vocabulary as a whole is not cut, whatever the merges say. */
  readonly ignoreMerges?: boolean;
  /** Whether texts begin with the begin-of-text token when the file does not say. */
  readonly addBegin?: boolean;
}

/** By `tokenizer.ggml.pre`. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'gpt-2': { preTokenizer: sequenceOf(splitBy(GPT2_PATTERN), BYTES) },
  smollm: { preTokenizer: sequenceOf(splitBy('\\p{N}'), splitBy(GPT2_PATTERN), BYTES) },
  'llama-bpe': {
    preTokenizer: sequenceOf(splitBy(NEWER_PATTERN('\\p{N}{1,3}')), BYTES),
    ignoreMerges: true,
    addBegin: true,
  },
  qwen2: {
    preTokenizer: sequenceOf(splitBy(NEWER_PATTERN('\\p{N}')), BYTES),
    normalizer: { type: 'NFC' },
  },
  default: {
    preTokenizer: sequenceOf(
      splitBy('[\\p{P}\\$\\+<=>\\^~\\|]+'),
      splitBy(GPT2_PATTERN),
      splitBy('\\p{N}+'),
      splitBy('[0-9][0-9][0-9]'),
      BYTES,
    ),
  },
};

/** Values of `tokenizer.ggml.token_type`. */
const CONTROL = 3;
const USER_DEFINED = 4;

/**
 * tokenizer.json and tokenizer_config.json for the vocabulary of a GGUF file (byte-level BPE).
 * Throws {@link UserError} `tokenizer-unsupported` or `tokenizer-invalid`.
 */
export function tokenizerFromGguf(path: string, metadata: GgufMetadata): TokenizerFiles {
  const model = metadata.string('tokenizer.ggml.model');
  if (model !== 'gpt2') throw unsupported(path, `tokenizer.ggml.model = ${model}`, 'gpt2 (byte-level BPE)');
  const pre = metadata.string('tokenizer.ggml.pre') ?? 'default';
  const recipe = Object.hasOwn(RECIPES, pre) ? RECIPES[pre] : undefined;
  if (recipe === undefined) {
    throw unsupported(path, `tokenizer.ggml.pre = ${pre}`, `one of ${Object.keys(RECIPES).join(', ')}`);
  }
  const list = <Item>(key: string, items: readonly Item[] | undefined): readonly Item[] => {
    if (items !== undefined) return items;
    throw new UserError('tokenizer-invalid', {
      what: `${path} does not hold the list ${key}.`,
      got: 'nothing',
      expected: 'a list',
      fix: 'convert the model again with a current llama.cpp, or use its Hugging Face folder',
    });
  };
  const tokens = list('tokenizer.ggml.tokens', metadata.strings('tokenizer.ggml.tokens'));
  const merges = list('tokenizer.ggml.merges', metadata.strings('tokenizer.ggml.merges'));
  const types = list('tokenizer.ggml.token_type', metadata.integers('tokenizer.ggml.token_type'));
  const tokenAt = (key: string): string | undefined => {
    const id = metadata.integer(`tokenizer.ggml.${key}_token_id`, tokens.length);
    return id === undefined ? undefined : tokens[id];
  };
  const added = tokens.flatMap((content, id) => {
    const special = types[id] === CONTROL;
    if (!special && types[id] !== USER_DEFINED) return [];
    return [{ id, content, special, normalized: false, single_word: false, lstrip: false, rstrip: false }];
  });
  return {
    tokenizer: {
      added_tokens: added,
      normalizer: recipe.normalizer ?? null,
      pre_tokenizer: recipe.preTokenizer,
      post_processor: null,
      decoder: BYTES,
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: merges.map(splitMerge),
        ignore_merges: recipe.ignoreMerges ?? false,
      },
    },
    config: {
      bos_token: tokenAt('bos'),
      eos_token: tokenAt('eos'),
      add_bos_token: metadata.boolean('tokenizer.ggml.add_bos_token') ?? recipe.addBegin ?? false,
    },
  };
}

/** A merge is `left right`; in byte-level BPE neither side holds a space. */
function splitMerge(merge: string): [string, string] {
  const space = merge.indexOf(' ', 1);
  return [merge.slice(0, space), merge.slice(space + 1)];
}

function unsupported(path: string, got: string, expected: string): UserError {
  return new UserError('tokenizer-unsupported', {
    what: `The vocabulary inside ${path} is of a kind that cannot be read.`,
    got,
    expected,
    fix: 'use the Hugging Face folder of the model, with its tokenizer.json',
  });
}
