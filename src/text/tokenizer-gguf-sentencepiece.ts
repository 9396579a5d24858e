/** SentencePiece's BPE inside a GGUF file (`tokenizer.ggml.model` "llama"), told as a Hugging Face tokenizer. */
import type { GgufMetadata } from '../checkpoint/index.ts';
import {
  BYTE,
  invalid,
  listOf,
  NORMAL,
  readVocabulary,
  USER_DEFINED,
  unsupported,
} from './gguf-vocabulary.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

/** What SentencePiece writes for a space. */
const SPACE = '▁';
const UNKNOWN = 2;
/** Longest token, in UTF-16 units: every way to cut it in two is looked at. Those of SentencePiece have 16 by default. */
const TOKEN_LIMIT = 256;

/**
 * As llama.cpp reads it: the pair whose token has the highest score is joined first, and what is in no token becomes
 * bytes. Throws UserError `tokenizer-invalid`, `tokenizer-unsupported`.
 */
export function sentencePieceFiles(path: string, metadata: GgufMetadata): TokenizerFiles {
  const vocabulary = readVocabulary(path, metadata, true);
  const { tokens, types, added, vocab, postProcessor, config, generation } = vocabulary;
  const scores = listOf(path, 'tokenizer.ggml.scores', metadata.numbers('tokenizer.ggml.scores'));
  if (scores.length !== tokens.length) {
    const expected = `tokenizer.ggml.scores for ${tokens.length} tokens`;
    throw invalid(path, `${path} does not score every token.`, `${scores.length} scores`, expected);
  }
  const longest = tokens.find((token) => token.length > TOKEN_LIMIT);
  if (longest !== undefined)
    throw unsupported(path, `a token of ${longest.length} characters`, `at most ${TOKEN_LIMIT}`);
  if (metadata.boolean('tokenizer.ggml.add_eos_token') === true)
    throw unsupported(path, 'tokenizer.ggml.add_eos_token = true', 'no token behind every text');
  const addSpace = metadata.boolean('tokenizer.ggml.add_space_prefix') ?? true;
  const replace = (pattern: string, content: string) => ({
    type: 'Replace',
    pattern: { String: pattern },
    content,
  });
  const sequence = (key: string, parts: readonly object[]) => ({ type: 'Sequence', [key]: parts });
  const prepend = addSpace ? [{ type: 'Prepend', prepend: SPACE }] : [];
  const strip = addSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  return {
    tokenizer: {
      added_tokens: added.flatMap((token) => {
        if (!token.content.includes(SPACE)) return [token];
        // Runs of spaces, found once spaces are written as ▁: longest first, which scores alone would not say. Where a
        // space is put in front of everything, it would be put in front of these too, and scores have to do.
        return addSpace ? [] : [{ ...token, normalized: true }];
      }),
      normalizer: sequence('normalizers', [...prepend, replace(' ', SPACE)]),
      pre_tokenizer: null,
      post_processor: postProcessor,
      decoder: sequence('decoders', [
        replace(SPACE, ' '),
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...strip,
      ]),
      model: {
        type: 'BPE',
        vocab,
        merges: mergesOf(tokens, types, scores),
        unk_token: tokens[types.indexOf(UNKNOWN)] ?? null,
        byte_fallback: types.includes(BYTE),
        fuse_unk: true,
      },
    },
    config,
    generation,
  };
}

/** Every pair of tokens that is a token too, by the score of that, as transformers makes them (SentencePieceExtractor). */
function mergesOf(
  tokens: readonly string[],
  types: readonly number[],
  scores: readonly number[],
): [string, string][] {
  const joined = (type: number) => type === NORMAL || type === USER_DEFINED;
  const ids = new Map(tokens.map((token, id) => [token, id]));
  // Half a million pairs are common: three lists of numbers, of which an order is made, instead of an object a pair.
  const lefts: number[] = [];
  const rights: number[] = [];
  const results: number[] = [];
  for (const [id, token] of tokens.entries()) {
    if (!joined(types[id]!)) continue;
    let end = 0;
    for (const character of token) {
      end += character.length;
      if (end === token.length) break;
      const left = ids.get(token.slice(0, end));
      const right = left === undefined ? undefined : ids.get(token.slice(end));
      if (left === undefined || right === undefined) continue;
      lefts.push(left);
      rights.push(right);
      results.push(id);
    }
  }
  return Uint32Array.from(lefts.keys())
    .sort(
      (a, b) =>
        scores[results[b]!]! - scores[results[a]!]! ||
        results[a]! - results[b]! ||
        lefts[a]! - lefts[b]! ||
        rights[a]! - rights[b]!,
    )
    .reduce<[string, string][]>((merges, at) => {
      merges.push([tokens[lefts[at]!]!, tokens[rights[at]!]!]);
      return merges;
    }, []);
}
