/** The vocabulary inside a GGUF file, told as a Hugging Face tokenizer. */
import type { GgufMetadata } from '../checkpoint/index.ts';
import { invalid, listOf, readVocabulary, unsupported } from './gguf-vocabulary.ts';
import { BYTES, type PreTokenizer, sequenceOf, splitBy } from './pre-tokenizer-entries.ts';
import { GPT2_PATTERN } from './tokenizer/pre-tokenizers.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';
import { sentencePieceFiles } from './tokenizer-gguf-sentencepiece.ts';

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

const LIKE_GPT2: Recipe = { preTokenizer: sequenceOf(splitBy(GPT2_PATTERN), BYTES) };
const DIGIT_BY_DIGIT: Recipe = {
  preTokenizer: sequenceOf(splitBy('\\p{N}'), splitBy(GPT2_PATTERN), BYTES),
};
const LIKE_LLAMA3: Recipe = { preTokenizer: sequenceOf(splitBy(NEWER_PATTERN('\\p{N}{1,3}')), BYTES) };

/** By `tokenizer.ggml.pre`; `olmo` is also Pythia's. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'gpt-2': LIKE_GPT2,
  mpt: LIKE_GPT2,
  olmo: LIKE_GPT2,
  'phi-2': LIKE_GPT2,
  'command-r': DIGIT_BY_DIGIT,
  refact: DIGIT_BY_DIGIT,
  smollm: DIGIT_BY_DIGIT,
  starcoder: DIGIT_BY_DIGIT,
  dbrx: LIKE_LLAMA3,
  'smaug-bpe': LIKE_LLAMA3,
  'llama-bpe': { ...LIKE_LLAMA3, ignoreMerges: true, addBegin: true },
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

/**
 * tokenizer.json and tokenizer_config.json for the vocabulary of a GGUF file: byte-level BPE, or SentencePiece's BPE.
 * Throws {@link UserError} `tokenizer-unsupported` or `tokenizer-invalid`.
 */
export function tokenizerFromGguf(path: string, metadata: GgufMetadata): TokenizerFiles {
  return { ...vocabularyFiles(path, metadata), chat: chatTemplatesIn(path, metadata) };
}

/** `tokenizer.chat_template` is the default one, `tokenizer.chat_template.<name>` another. */
function chatTemplatesIn(path: string, metadata: GgufMetadata): TokenizerFiles['chat'] {
  const keys = metadata.keys().filter((key) => /^tokenizer\.chat_template(\.|$)/.test(key));
  if (keys.length === 0) return undefined;
  const nameOf = (key: string) => key.slice('tokenizer.chat_template.'.length) || 'default';
  const templates = Object.fromEntries(keys.map((key) => [nameOf(key), metadata.string(key)!]));
  return { origin: path, templates };
}

function vocabularyFiles(path: string, metadata: GgufMetadata): TokenizerFiles {
  const model = metadata.string('tokenizer.ggml.model');
  if (model === 'llama') return sentencePieceFiles(path, metadata);
  if (model !== 'gpt2') {
    const expected = 'gpt2 (byte-level BPE) or llama (SentencePiece)';
    throw unsupported(path, `tokenizer.ggml.model = ${model}`, expected);
  }
  const pre = metadata.string('tokenizer.ggml.pre') ?? 'default';
  const recipe = Object.hasOwn(RECIPES, pre) ? RECIPES[pre] : undefined;
  if (recipe === undefined) {
    throw unsupported(path, `tokenizer.ggml.pre = ${pre}`, `one of ${Object.keys(RECIPES).join(', ')}`);
  }
  const vocabulary = readVocabulary(path, metadata, recipe.addBegin ?? false);
  const merges = listOf(path, 'tokenizer.ggml.merges', metadata.strings('tokenizer.ggml.merges'));
  const { added, vocab, postProcessor, config, generation } = vocabulary;
  return {
    tokenizer: {
      added_tokens: added,
      normalizer: recipe.normalizer ?? null,
      pre_tokenizer: recipe.preTokenizer,
      post_processor: postProcessor,
      decoder: BYTES,
      model: {
        type: 'BPE',
        vocab,
        merges: merges.map((merge, i) => splitMerge(path, merge, i)),
        ignore_merges: recipe.ignoreMerges ?? false,
      },
    },
    config,
    generation,
  };
}

/** A merge is `left right`; in byte-level BPE neither side holds a space. */
function splitMerge(path: string, merge: string, index: number): [string, string] {
  const parts = merge.split(' ');
  if (parts.length === 2 && !parts.includes('')) return parts as [string, string];
  const what = `${path} has a merge that cannot be read.`;
  throw invalid(path, what, `${JSON.stringify(merge)} as merge ${index}`, 'two tokens with a space between');
}
