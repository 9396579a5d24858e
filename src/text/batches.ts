/** From documents to token sequences of equal length, and from those to batches in random order. */
import { invariant, UserError } from '../errors/index.ts';
import { type Rng, shuffle } from '../numeric/index.ts';
import { type EncodedDocument, encodeDocuments, joinIds } from './encode-documents.ts';
import { GrowingSequences } from './growing-sequences.ts';
import { Losses } from './losses.ts';
import type { Document } from './text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Token sequences with the positions that count in the loss. */
export interface Batch {
  /** `[sequences, seqLen]` */
  readonly tokens: Int32Array;
  /**
   * `[sequences, seqLen]`: 1 where the token is a target, predicted from the tokens before it in its
   * sequence; position 0 never is.
   */
  readonly lossMask: Uint8Array;
  readonly sequences: number;
  readonly seqLen: number;
}

/** All the sequences of a text, in its order. */
export interface Sequences {
  /** `[count, seqLen]` */
  readonly tokens: Int32Array;
  /** `[count, seqLen]`, as in {@link Batch}. */
  readonly lossMask: Uint8Array;
  readonly count: number;
  readonly seqLen: number;
  /** Tokens of the documents, before anything was dropped, added or padded. */
  readonly tokensFound: number;
  /** What was left out, added or cannot be learned, in whole sentences. */
  readonly notes?: readonly string[];
}

export interface SequenceOptions {
  /** Tokens in a sequence. */
  readonly seqLen: number;
  /**
   * `true`: all documents one after the other, each followed by the token that ends it, cut every `seqLen` tokens; what
   * remains is dropped. `false`: every document begins a sequence of its own. One without a prompt is cut every
   * `seqLen` tokens; one with a prompt has one sequence, see {@link fitRow}. The last piece is padded on the right by
   * tokens that are no targets.
   */
  readonly pack: boolean;
}

/** Cuts documents into sequences; sequences without a single target are left out. */
export function makeSequences(
  documents: readonly Document[],
  tokenizer: Tokenizer,
  { seqLen, pack }: SequenceOptions,
): Sequences {
  invariant(seqLen >= 2, `a sequence of ${seqLen} tokens has nothing to predict`);
  const all = new GrowingSequences();
  const losses = new Losses();
  const padding = tokenizer.endOfText ?? 0;
  let tokensFound = 0;
  for (const document of encodeDocuments(documents, tokenizer)) {
    tokensFound += document.length;
    if (document.straddles) losses.straddling++;
    if (pack || document.prompt === 0) {
      let from = 0;
      for (const piece of document.pieces) {
        all.push(piece, from, document.prompt);
        from += piece.length;
      }
      if (document.end !== null) all.push([document.end], 1, 0);
    } else {
      const { ids, prompt } = fitRow(document, tokenizer, seqLen, losses);
      all.push(ids, 0, prompt);
    }
    if (!pack) all.pad(padding, (seqLen - (all.length % seqLen)) % seqLen);
  }
  const size = Math.floor(all.length / seqLen) * seqLen;
  losses.rest = all.length - size;
  const { tokens, lossMask } = all.take(size);
  for (let first = 0; first < size; first += seqLen) lossMask[first] = 0;
  const useful = keepUseful(tokens, lossMask, seqLen);
  losses.empty = size / seqLen - useful.count;
  return { ...useful, seqLen, tokensFound, notes: losses.tell(tokenizer) };
}

/**
 * The sequence of a document with a prompt. Where both do not fit, the prompt loses its beginning (the begin-of-text
 * token stays), down to half a sequence; then the completion loses its end.
 */
function fitRow(
  { pieces, prompt, end }: EncodedDocument,
  { beginOfText }: Tokenizer,
  seqLen: number,
  losses: Losses,
): { readonly ids: readonly number[]; readonly prompt: number } {
  const ids = [...joinIds(pieces), ...(end === null ? [] : [end])];
  const completion = ids.length - prompt;
  if (ids.length <= seqLen) return { ids, prompt };
  const keptPrompt = Math.min(prompt, Math.max(seqLen - completion, seqLen >> 1));
  const keptCompletion = Math.min(completion, seqLen - keptPrompt);
  losses.count('prompts', prompt - keptPrompt);
  losses.count('completions', completion - keptCompletion);
  const kept = ids.slice(prompt - keptPrompt, prompt + keptCompletion);
  if (beginOfText !== null) kept[0] = beginOfText;
  return { ids: kept, prompt: keptPrompt };
}

function keepUseful(tokens: Int32Array, lossMask: Uint8Array, seqLen: number) {
  let count = 0;
  for (let first = 0; first < tokens.length; first += seqLen) {
    if (!lossMask.subarray(first, first + seqLen).includes(1)) continue;
    tokens.copyWithin(count * seqLen, first, first + seqLen);
    lossMask.copyWithin(count * seqLen, first, first + seqLen);
    count++;
  }
  return {
    tokens: tokens.subarray(0, count * seqLen),
    lossMask: lossMask.subarray(0, count * seqLen),
    count,
  };
}

/**
 * `count` batches of `batchSize` sequences, drawn without replacement in an order that `rng` shuffles.
 * Throws {@link UserError} `text-too-short` when there are too few sequences.
 */
export function sampleBatches(
  sequences: Sequences,
  { batchSize, count, rng }: { readonly batchSize: number; readonly count: number; readonly rng: Rng },
): Batch[] {
  const { seqLen } = sequences;
  const needed = batchSize * count;
  if (sequences.count < needed) {
    throw new UserError('text-too-short', (option) => ({
      what: 'The text is too short for what is to be measured on it.',
      got: [
        `${sequences.tokensFound} tokens, which make ${sequences.count} sequences of ${seqLen}.`,
        ...(sequences.notes ?? []),
      ].join(' '),
      expected: `${needed} sequences (${count} batches × ${batchSize}): about ${needed * seqLen} tokens`,
      fix: `give more text, or lower ${option('batches')}, ${option('batchSize')} or ${option('seqLen')}`,
    }));
  }
  const order = shuffle(
    Array.from({ length: sequences.count }, (_, i) => i),
    rng,
  );
  return Array.from({ length: count }, (_, batch) => {
    const tokens = new Int32Array(batchSize * seqLen);
    const lossMask = new Uint8Array(batchSize * seqLen);
    for (let row = 0; row < batchSize; row++) {
      const first = order[batch * batchSize + row]! * seqLen;
      tokens.set(sequences.tokens.subarray(first, first + seqLen), row * seqLen);
      lossMask.set(sequences.lossMask.subarray(first, first + seqLen), row * seqLen);
    }
    return { tokens, lossMask, sequences: batchSize, seqLen };
  });
}
