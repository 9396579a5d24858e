/** What became of a text: how much of it is predicted, what was left out and why, and how a sequence looks. */
import type { Sequences } from './batches.ts';
import type { Documents } from './text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A run of tokens as text. */
export interface ShownPart {
  readonly text: string;
  /** Whether the model is to predict it. */
  readonly target: boolean;
}

export interface Receipt {
  readonly documents: number;
  /** Tokens of the documents, before anything was left out, added or padded. */
  readonly tokens: number;
  readonly sequences: number;
  /** Tokens that are predicted. */
  readonly targets: number;
  /** What was left out, added or cannot be learned, in whole sentences. */
  readonly notes: readonly string[];
  /** The first sequence from its beginning; a long one is cut. */
  readonly first: readonly ShownPart[];
}

/** Tokens of the first sequence that are looked at, and characters of each part that are kept. */
const SHOWN_TOKENS = 512;
const SHOWN_CHARACTERS = 160;
const SHOWN_PARTS = 6;

/** The receipt for a text whose documents have become these sequences. */
export function writeReceipt(documents: Documents, sequences: Sequences, tokenizer: Tokenizer): Receipt {
  return {
    documents: documents.documents.length,
    tokens: sequences.tokensFound,
    sequences: sequences.count,
    targets: sequences.lossMask.reduce((sum, target) => sum + target, 0),
    notes: [...(tokenizer.notes ?? []), ...documents.notes, ...(sequences.notes ?? [])],
    first: showFirst(sequences, tokenizer),
  };
}

/** The beginning of the first sequence, in parts that are targets or not. */
function showFirst({ tokens, lossMask, count, seqLen }: Sequences, tokenizer: Tokenizer): ShownPart[] {
  const end = count === 0 ? 0 : Math.min(seqLen, SHOWN_TOKENS);
  const parts: ShownPart[] = [];
  for (let start = 0; start < end && parts.length < SHOWN_PARTS; ) {
    let next = start;
    while (next < end && lossMask[next] === lossMask[start]) next++;
    const text = tokenizer.decode([...tokens.subarray(start, next)]);
    const characters = Array.from(text);
    parts.push({
      text:
        characters.length <= SHOWN_CHARACTERS
          ? text
          : `${characters.slice(0, SHOWN_CHARACTERS - 1).join('')}…`,
      target: lossMask[start] === 1,
    });
    start = next;
  }
  return parts;
}
