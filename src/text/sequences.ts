/** Token sequences of equal length, and batches of them. */
import { UserError } from '../errors/index.ts';
import { type Rng, shuffle } from '../numeric/index.ts';
import { SequenceStore } from './sequence-store.ts';

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

/** All the sequences of a text, in its order. They may lie in a temporary file, which goes with this object. */
export interface Sequences {
  readonly count: number;
  readonly seqLen: number;
  /** Tokens of the documents, before anything was dropped, added or padded. */
  readonly tokensFound: number;
  /** Tokens that are predicted. */
  readonly targets: number;
  /** What was left out, added or cannot be learned, in whole sentences. */
  readonly notes: readonly string[];
  /** The sequences with these numbers; default all, which must fit into memory then. */
  batch(indices?: readonly number[]): Batch;
  /** Of token ids and loss masks: of text, tokenizer and cutting together, whatever made them so. */
  sha256(): string;
}

type Counts = Pick<Sequences, 'tokensFound' | 'targets' | 'notes'>;

/** The rows of a store as sequences. */
export function sequencesIn(store: SequenceStore, counts: Counts): Sequences {
  const { count, seqLen } = store;
  return {
    count,
    seqLen,
    ...counts,
    batch(indices = Array.from({ length: count }, (_, index) => index)) {
      const tokens = new Int32Array(indices.length * seqLen);
      const lossMask = new Uint8Array(indices.length * seqLen);
      indices.forEach((index, row) => {
        store.read(index, tokens, lossMask, row * seqLen);
      });
      return { tokens, lossMask, sequences: indices.length, seqLen };
    },
    sha256: () => store.sha256(),
  };
}

/** A batch as sequences of their own; `tokensFound` is its tokens unless told otherwise. */
export function sequencesOf(
  { tokens, lossMask, seqLen }: Omit<Batch, 'sequences'>,
  { tokensFound = tokens.length, notes = [] }: Partial<Counts> = {},
): Sequences {
  const store = new SequenceStore(seqLen);
  const kept = tokens.map((token, i) => (lossMask[i] === 1 ? ~token : token));
  for (let first = 0; first < kept.length; first += seqLen)
    store.append(kept.subarray(first, first + seqLen));
  const targets = lossMask.reduce((sum, target) => sum + target, 0);
  return sequencesIn(store, { tokensFound, targets, notes });
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
        ...sequences.notes,
      ].join(' '),
      expected: `${needed} sequences (${count} batches × ${batchSize}): about ${needed * seqLen} tokens`,
      fix: `give more text, or lower ${option('batches')}, ${option('batchSize')} or ${option('seqLen')}`,
    }));
  }
  const order = shuffle(
    Array.from({ length: sequences.count }, (_, i) => i),
    rng,
  );
  return Array.from({ length: count }, (_, batch) =>
    sequences.batch(order.slice(batch * batchSize, (batch + 1) * batchSize)),
  );
}
