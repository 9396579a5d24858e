/** Documents as tokens, with what of them is to be predicted. */
import type { Document } from './text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One document as tokens. */
export interface EncodedDocument {
  /** Ids, in lists of bounded length, without the token that ends it. */
  readonly pieces: readonly ArrayLike<number>[];
  readonly length: number;
  /** The first `prompt` tokens are no targets. */
  readonly prompt: number;
  /** Whether its prompt ends within a token, which is then a target. */
  readonly straddles: boolean;
  /** The token to follow; null when the document ends with it already, or when there is none. */
  readonly end: number | null;
}

/** Characters that are encoded in one go. */
const AT_ONCE = 65_536;

/**
 * Prompt and completion are encoded as one text, as they will stand when the model is used: apart, some tokenizers
 * would put a space between. The completion begins with the first token that the prompt alone does not have; TRL counts
 * the prompt's tokens instead, which is the same unless a token reaches across.
 */
export function* encodeDocuments(
  documents: readonly Document[],
  tokenizer: Tokenizer,
): Generator<EncodedDocument> {
  for (let first = 0; first < documents.length; ) {
    let next = first;
    for (let size = 0; next < documents.length && (size === 0 || size < AT_ONCE); next++) {
      size += documents[next]!.text.length + (documents[next]!.prompt?.length ?? 0);
    }
    const group = documents.slice(first, next);
    const texts = group.flatMap(({ prompt, text }) =>
      prompt === undefined ? [text] : [prompt + text, prompt],
    );
    const encoded = tokenizer.encodeAll(texts)[Symbol.iterator]();
    for (const { prompt } of group) {
      const pieces = encoded.next().value!;
      yield describe(pieces, prompt === undefined ? undefined : joinIds(encoded.next().value!), tokenizer);
    }
    first = next;
  }
}

function describe(
  pieces: readonly ArrayLike<number>[],
  promptIds: readonly number[] | undefined,
  { endOfSequence, endOfText }: Tokenizer,
): EncodedDocument {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  // A completion is the model's turn, which its own end token ends.
  const end = promptIds === undefined ? endOfText : (endOfSequence ?? endOfText);
  const lastPiece = pieces.findLast((piece) => piece.length > 0);
  const last = lastPiece?.[lastPiece.length - 1];
  const prompt = promptIds === undefined ? 0 : commonLength(pieces, promptIds);
  return {
    pieces,
    length,
    prompt,
    straddles: promptIds !== undefined && prompt < promptIds.length,
    end: last === end ? null : end,
  };
}

function commonLength(pieces: readonly ArrayLike<number>[], prompt: readonly number[]): number {
  let at = 0;
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++, at++) {
      if (at >= prompt.length || prompt[at] !== piece[i]) return at;
    }
  }
  return at;
}

/** Ids of several lists as one. */
export const joinIds = (pieces: readonly ArrayLike<number>[]): number[] =>
  pieces.flatMap((piece) => Array.from(piece));
