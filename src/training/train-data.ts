/** The texts of a training run as sequences, checked to be long enough. */
import { UserError } from '../errors/index.ts';
import { hashSequences, type Model, makeSequences, readDocuments, type Sequences } from '../models/index.ts';
import type { TrainRecord } from '../record/index.ts';

export interface TrainData {
  readonly sequences: Sequences;
  readonly record: TrainRecord['data'];
}

/** @throws UserError `text-too-short` when the text has fewer than `least` sequences, and those of `readDocuments`. */
export async function readTrainData(
  model: Model,
  path: string,
  { seqLen, pack, least }: { readonly seqLen: number; readonly pack: boolean; readonly least: number },
): Promise<TrainData> {
  const { documents, sha256 } = await readDocuments(path);
  const sequences = makeSequences(documents, await model.tokenizer(), { seqLen, pack });
  const { count, tokensFound } = sequences;
  if (count < least) {
    throw new UserError('text-too-short', {
      what: `${path} is too short to train on`,
      got: `${tokensFound} tokens, which make ${count} sequences of ${seqLen}`,
      expected: `at least ${least} sequences, for one step`,
      fix: 'give more text, or lower --batch-size, --accumulation or --seq-len',
    });
  }
  return {
    sequences,
    record: {
      path,
      sha256,
      tokensSha256: hashSequences(sequences),
      documents: documents.length,
      tokens: tokensFound,
      sequences: count,
    },
  };
}
