/** From documents to token sequences of equal length, and from those to batches in random order. */
import { invariant, UserError } from '../errors/index.ts';
import { type Rng, shuffle } from '../numeric/index.ts';
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
  /** Tokens of the documents, before anything was dropped or padded. */
  readonly tokensFound: number;
}

interface SequenceOptions {
  /** Tokens in a sequence. */
  readonly seqLen: number;
  /**
   * `true`: all documents one after the other, the end-of-text token between them, cut every `seqLen`
   * tokens; what remains is dropped. `false`: every document begins a sequence of its own, is cut every
   * `seqLen` tokens, and its last piece is padded on the right by tokens that are no targets.
   */
  readonly pack: boolean;
}

/** Tokens with their loss mask. */
interface Stretch {
  readonly ids: readonly number[];
  /** The first `prompt` tokens are no targets. */
  readonly prompt: number;
}

/** Cuts documents into sequences; sequences without a single target are left out. */
export function makeSequences(
  documents: readonly Document[],
  tokenizer: Tokenizer,
  { seqLen, pack }: SequenceOptions,
): Sequences {
  invariant(seqLen >= 2, `a sequence of ${seqLen} tokens has nothing to predict`);
  const stretches = documents.map((document) => encodeDocument(document, tokenizer));
  const tokensFound = stretches.reduce((sum, { ids }) => sum + ids.length, 0);
  const { endOfText } = tokenizer;
  const whole = (size: number) => Math.floor(size / seqLen) * seqLen;
  const padded = (size: number) => Math.ceil(size / seqLen) * seqLen;

  const separators = pack && endOfText !== null ? stretches.length - 1 : 0;
  const size = pack
    ? whole(tokensFound + separators)
    : stretches.reduce((sum, { ids }) => sum + padded(ids.length), 0);
  const tokens = new Int32Array(size).fill(endOfText ?? 0);
  const targets = new Uint8Array(size);
  let at = 0;
  for (const [index, { ids, prompt }] of stretches.entries()) {
    // `subarray` and `fill` stop at the end: the last document may reach beyond the last whole sequence.
    const room = tokens.subarray(at, at + ids.length);
    room.set(ids.slice(0, room.length));
    targets.subarray(at + prompt, at + ids.length).fill(1);
    at += pack ? ids.length : padded(ids.length);
    if (index < separators) {
      targets.fill(1, at, at + 1);
      at += 1;
    }
  }
  for (let first = 0; first < size; first += seqLen) targets[first] = 0;
  return { ...keepUseful(tokens, targets, seqLen), seqLen, tokensFound };
}

function encodeDocument({ prompt, text }: Document, tokenizer: Tokenizer): Stretch {
  const ids = tokenizer.encode(text);
  if (prompt === undefined) return { ids, prompt: 0 };
  const promptIds = tokenizer.encode(prompt);
  // The begin-of-text token stands before the prompt only.
  const completion = tokenizer.beginOfText === null ? ids : ids.slice(1);
  return { ids: [...promptIds, ...completion], prompt: promptIds.length };
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
    throw new UserError('text-too-short', {
      what: 'The text is too short for what is to be measured on it.',
      got: `${sequences.tokensFound} tokens, which make ${sequences.count} sequences of ${seqLen}`,
      expected: `${needed} sequences (${count} batches × ${batchSize}): about ${needed * seqLen} tokens`,
      fix: 'give more text, or lower --batches, --batch-size or --seq-len',
    });
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
