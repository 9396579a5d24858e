/** The vocabulary inside a GGUF file, told as a Hugging Face tokenizer. */
import type { GgufMetadata } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { BYTES, type PreTokenizer, sequenceOf, splitBy } from './pre-tokenizer-entries.ts';
import { GPT2_PATTERN } from './tokenizer/pre-tokenizers.ts';
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
const NORMAL = 1;
const CONTROL = 3;
const USER_DEFINED = 4;
const BYTE = 6;

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
    throw invalid(path, `${path} does not hold the list ${key}.`, 'nothing', 'a list');
  };
  const tokens = list('tokenizer.ggml.tokens', metadata.strings('tokenizer.ggml.tokens'));
  const merges = list('tokenizer.ggml.merges', metadata.strings('tokenizer.ggml.merges'));
  const types = list('tokenizer.ggml.token_type', metadata.integers('tokenizer.ggml.token_type'));
  checkVocabulary(path, tokens, types);
  const idAt = (key: string) => metadata.integer(`tokenizer.ggml.${key}_token_id`, tokens.length);
  const tokenAt = (key: string) => tokens[idAt(key) ?? -1];
  const begin = tokenAt('bos');
  const addBegin = metadata.boolean('tokenizer.ggml.add_bos_token') ?? recipe.addBegin ?? false;
  if (addBegin && begin === undefined) {
    const what = `${path} wants a token in front of every text and does not say which.`;
    throw invalid(path, what, 'no tokenizer.ggml.bos_token_id', 'the id of a token');
  }
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
      post_processor: addBegin ? putInFront(begin!, idAt('bos')!) : null,
      decoder: BYTES,
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: merges.map((merge, i) => splitMerge(path, merge, i)),
        ignore_merges: recipe.ignoreMerges ?? false,
      },
    },
    config: { bos_token: begin, eos_token: tokenAt('eos'), add_bos_token: addBegin },
    // The ends of a turn and of a message.
    generation: { eos_token_id: ['eos', 'eot', 'eom'].flatMap((kind) => idAt(kind) ?? []) },
  };
}

function checkVocabulary(path: string, tokens: readonly string[], types: readonly number[]): void {
  if (types.length !== tokens.length) {
    const what = `${path} does not say of every token what it is.`;
    throw invalid(
      path,
      what,
      `${types.length} types`,
      `tokenizer.ggml.token_type for ${tokens.length} tokens`,
    );
  }
  const strange = types.findIndex((type) => type < NORMAL || type > BYTE);
  if (strange >= 0) {
    const what = `${path} has a token of no known type.`;
    throw invalid(
      path,
      what,
      `type ${types[strange]} of token ${strange}`,
      `types from ${NORMAL} to ${BYTE}`,
    );
  }
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const other = ids.get(token);
    if (other !== undefined) {
      const what = `${path} has a token twice.`;
      throw invalid(path, what, `${JSON.stringify(token)} as ${other} and ${id}`, 'tokens that differ');
    }
    ids.set(token, id);
  }
}

/** A merge is `left right`; in byte-level BPE neither side holds a space. */
function splitMerge(path: string, merge: string, index: number): [string, string] {
  const parts = merge.split(' ');
  if (parts.length === 2 && !parts.includes('')) return parts as [string, string];
  const what = `${path} has a merge that cannot be read.`;
  throw invalid(path, what, `${JSON.stringify(merge)} as merge ${index}`, 'two tokens with a space between');
}

/** A `post_processor` of tokenizer.json that puts a special token in front of every text. */
function putInFront(token: string, id: number) {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const text = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [special, text('A', 0)],
    pair: [special, text('A', 0), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

function invalid(path: string, what: string, got: string, expected: string): UserError {
  return new UserError('tokenizer-invalid', {
    what,
    got,
    expected,
    fix: `convert the model again with a current llama.cpp, or use the Hugging Face folder of ${path}`,
  });
}

function unsupported(path: string, got: string, expected: string): UserError {
  return new UserError('tokenizer-unsupported', {
    what: `The vocabulary inside ${path} is of a kind that cannot be read.`,
    got,
    expected,
    fix: 'use the Hugging Face folder of the model, with its tokenizer.json',
  });
}
