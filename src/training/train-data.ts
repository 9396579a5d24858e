/** The texts of a training run as sequences, checked to be long enough. */
import { UserError } from '../errors/index.ts';
import type { Model } from '../models/index.ts';
import type { TrainRecord } from '../record/index.ts';
import {
  type ReadSequences,
  type Receipt,
  readSequences,
  type Sequences,
  type TextOptions,
  type TextPaths,
} from '../text/index.ts';

export interface TrainData {
  readonly sequences: Sequences;
  readonly receipt: Receipt;
  readonly record: TrainRecord['data'];
}

/** @throws UserError `text-too-short` when the text has fewer than `least` sequences, and those of `readSequences`. */
export async function readTrainData(
  model: Model,
  text: TextPaths | ReadSequences,
  { least, ...options }: TextOptions & { readonly least: number },
): Promise<TrainData> {
  const { path, sequences, receipt, sha256 } =
    typeof text === 'object' && 'sequences' in text
      ? text
      : await readSequences(text, await model.tokenizer(), options);
  const { seqLen } = options;
  const { count } = sequences;
  const { documents, tokens, ...rest } = receipt;
  if (count < least) {
    throw new UserError('text-too-short', (option) => ({
      what: `${path} is too short to train on`,
      got: [`${tokens} tokens, which make ${count} sequences of ${seqLen}.`, ...receipt.notes].join(' '),
      expected: `at least ${least} sequences, for one step`,
      fix: `give more text, or lower ${option('batchSize')}, ${option('accumulation')} or ${option('seqLen')}`,
    }));
  }
  return {
    sequences,
    receipt,
    record: {
      path,
      sha256,
      tokensSha256: sequences.sha256(),
      documents,
      tokens,
      sequences: count,
      receipt: rest,
    },
  };
}
