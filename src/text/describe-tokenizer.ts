/** What a tokenizer is, from its files alone: nothing is made ready to encode. */
import type { Checkpoint } from '../checkpoint/index.ts';
import { contentOf } from './tokenizer/special-tokens.ts';
import { readTokenizerFiles } from './tokenizer-files.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

export interface TokenizerDescription {
  /** As tokenizer.json names its model: `BPE`, `Unigram`, `WordPiece`, `WordLevel`. */
  readonly kind: string;
  /** Tokens, those that were added among them. */
  readonly vocabulary: number;
  /** Special tokens by what they are for, without `_token`: `bos`, `eos`, `pad`, … */
  readonly special: Readonly<Record<string, string>>;
  /** Names of its chat templates; most have one, `default`. */
  readonly chatTemplates: readonly string[];
}

/**
 * The tokenizer of a checkpoint.
 *
 * @throws UserError as `openTokenizer` for files that cannot be read; that they can be used is not checked.
 */
export function describeTokenizer(
  checkpoint: Pick<Checkpoint, 'path' | 'config' | 'gguf'>,
): TokenizerDescription {
  const { path, gguf } = checkpoint;
  const files =
    gguf === undefined ? readTokenizerFiles(path, checkpoint.config) : tokenizerFromGguf(path, gguf);
  const { tokenizer, config, chat } = files;
  const model = Object(tokenizer.model) as { type?: unknown; vocab?: unknown };
  const added = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens.map(contentOf) : [];
  const vocabulary = new Set(wordsOf(model.vocab));
  for (const word of added) if (word !== undefined) vocabulary.add(word);
  const special = Object.entries(config).flatMap(([name, token]) => {
    const content = name.endsWith('_token') ? contentOf(token) : undefined;
    return content === undefined ? [] : [[name.slice(0, -'_token'.length), content] as const];
  });
  return {
    // Files of old versions of the library leave it out: then it is BPE.
    kind: typeof model.type === 'string' ? model.type : 'BPE',
    vocabulary: vocabulary.size,
    special: Object.fromEntries(special),
    chatTemplates: Object.keys(chat?.templates ?? {}),
  };
}

/** Unigram models list pairs of a token and its score, the others map tokens to ids. */
function wordsOf(vocab: unknown): string[] {
  if (Array.isArray(vocab)) return vocab.flatMap((entry) => (Array.isArray(entry) ? String(entry[0]) : []));
  return Object.keys(Object(vocab));
}
