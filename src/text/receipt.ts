/** What became of a text: how much of it is predicted, what was left out and why, and how a sequence looks. */
import type { Sequences } from './sequences.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What became of one file. */
export interface FileReceipt {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** With text in them. */
  readonly documents: number;
  /** Left out because nothing stands in them. */
  readonly blank: number;
  readonly tokens: number;
  /** Finished with tokens of this file. */
  readonly sequences: number;
  /** Tokens of these that are predicted, and those that are only given, padding among them. */
  readonly targets: number;
  readonly given: number;
}

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
  readonly files: readonly FileReceipt[];
}

/** Tokens of the first sequence that are looked at, and characters of each part that are kept. */
const SHOWN_TOKENS = 512;
const SHOWN_CHARACTERS = 160;
const SHOWN_PARTS = 6;

/** The receipt for files whose documents have become these sequences. */
export function writeReceipt(
  files: readonly FileReceipt[],
  notes: readonly string[],
  sequences: Sequences,
  tokenizer: Tokenizer,
): Receipt {
  return {
    documents: files.reduce((sum, { documents }) => sum + documents, 0),
    tokens: sequences.tokensFound,
    sequences: sequences.count,
    targets: sequences.targets,
    notes: [...(tokenizer.notes ?? []), ...notes, ...sequences.notes],
    first: showFirst(sequences, tokenizer),
    files,
  };
}

/** The beginning of the first sequence, in parts that are targets or not. */
function showFirst(sequences: Sequences, tokenizer: Tokenizer): ShownPart[] {
  if (sequences.count === 0) return [];
  const { tokens, lossMask, seqLen } = sequences.batch([0]);
  const end = Math.min(seqLen, SHOWN_TOKENS);
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
