/** Text to token ids and back, from tokenizer.json or from the vocabulary inside a GGUF file. */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Checkpoint } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { exactPreTokenizer } from './pre-tokenizer.ts';
import { invalidTokenizer, readTokenizerFiles, type TokenizerFiles } from './tokenizer-files.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /**
   * Token ids of a text. Special tokens that are written out in the text become their ids; none is added,
   * except `beginOfText` in front when the model was trained to see it.
   */
  encode(text: string): number[];
  /** The text of token ids; special tokens are written out. */
  decode(ids: readonly number[]): string;
  /** The token that separates documents. */
  readonly endOfText: number | null;
  /** The token in front of every text, when the model wants one. */
  readonly beginOfText: number | null;
}

/** Marks of a document's end. A chat model's own end token ends a turn, so these are tried before it. */
const DOCUMENT_ENDS = ['<|endoftext|>', '<|end_of_text|>'];

/**
 * The tokenizer of a checkpoint.
 * Throws {@link UserError} `tokenizer-missing`, `tokenizer-invalid`, `tokenizer-unsupported`, or
 * `tokenizer-mismatch` when it makes ids that the model has no embedding for.
 */
export async function openTokenizer(checkpoint: Checkpoint): Promise<Tokenizer> {
  const files =
    checkpoint.gguf === undefined
      ? await readTokenizerFiles(checkpoint.path)
      : tokenizerFromGguf(checkpoint.path, checkpoint.gguf);
  const tokenizer = createTokenizer(checkpoint.path, files);
  const { vocab_size: limit } = checkpoint.config;
  if (typeof limit === 'number' && tokenizer.vocabularySize > limit) {
    throw new UserError('tokenizer-mismatch', {
      what: `The tokenizer of ${checkpoint.path} does not fit its model.`,
      got: `token ids up to ${tokenizer.vocabularySize - 1}`,
      expected: `ids below the model's vocab_size, ${limit}`,
      fix: 'use the tokenizer that the model was trained with',
    });
  }
  return tokenizer;
}

/** A tokenizer from the contents of its files; `path` names it in errors. */
export function createTokenizer(path: string, { tokenizer, config }: TokenizerFiles): Tokenizer {
  let inner: HuggingFaceTokenizer;
  try {
    inner = new HuggingFaceTokenizer(
      { ...tokenizer, pre_tokenizer: exactPreTokenizer(tokenizer.pre_tokenizer) },
      config,
    );
  } catch (error) {
    throw invalidTokenizer(path, error);
  }
  const idOf = (token: unknown) => {
    const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : token;
    return typeof content === 'string' ? (inner.token_to_id(content) ?? null) : null;
  };
  const ends = [...DOCUMENT_ENDS, config.eos_token].map(idOf);
  const beginOfText = wantedBegin(inner, config) ? idOf(config.bos_token) : null;
  return {
    vocabularySize: 1 + [...inner.get_vocab().values()].reduce((largest, id) => Math.max(largest, id), -1),
    endOfText: ends.find((id) => id !== null) ?? null,
    beginOfText,
    encode: (text) => {
      const ids = inner.encode(text, { add_special_tokens: false }).ids;
      if (beginOfText !== null) ids.unshift(beginOfText);
      return ids;
    },
    decode: (ids) =>
      ids.length === 0 ? '' : inner.decode([...ids], { clean_up_tokenization_spaces: false }),
  };
}

/** Whether the tokenizer's own rule for special tokens puts `bos_token` in front. */
function wantedBegin(inner: HuggingFaceTokenizer, config: Readonly<Record<string, unknown>>): boolean {
  if (typeof config.add_bos_token === 'boolean') return config.add_bos_token;
  const [bare, full] = [false, true].map((add) => inner.encode('a', { add_special_tokens: add }).tokens);
  const { bos_token: begin } = config;
  const content = typeof begin === 'object' && begin !== null && 'content' in begin ? begin.content : begin;
  return full!.length > bare!.length && full![0] === content;
}
