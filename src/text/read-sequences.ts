/** From a text file to sequences, with a receipt of what became of it. */
import { UserError } from '../errors/index.ts';
import { makeSequences, type SequenceOptions, type Sequences } from './batches.ts';
import { type Receipt, writeReceipt } from './receipt.ts';
import { readDocuments } from './text.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ReadSequences {
  readonly sequences: Sequences;
  readonly receipt: Receipt;
  /** Size of the file. */
  readonly bytes: number;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/**
 * The sequences of a text file: at least one.
 * Throws {@link UserError} `text-too-short`, `text-without-targets`, and those of `readDocuments` and the tokenizer.
 */
export async function readSequences(
  path: string,
  tokenizer: Tokenizer,
  options: SequenceOptions,
): Promise<ReadSequences> {
  const documents = await readDocuments(path);
  const sequences = makeSequences(documents.documents, tokenizer, options);
  const receipt = writeReceipt(documents, sequences, tokenizer);
  if (sequences.count > 0) {
    return { sequences, receipt, bytes: documents.bytes, sha256: documents.sha256 };
  }
  const { seqLen, tokensFound } = sequences;
  if (options.pack && tokensFound < seqLen) {
    throw new UserError('text-too-short', (option) => ({
      what: `${path} is too short for one sequence.`,
      got: `${tokensFound} tokens`,
      expected: `at least ${seqLen}`,
      fix: `give more text, lower ${option('seqLen')}, or pad each document (${option('pack')})`,
    }));
  }
  throw new UserError('text-without-targets', (option) => ({
    what: `Nothing in ${path} is to be predicted.`,
    got: `${receipt.documents} documents, ${tokensFound} tokens. ${receipt.notes.join(' ')}`,
    expected: `sequences of ${seqLen} tokens in which a token of a text or a completion follows another`,
    fix: `give completions, or longer texts; raise ${option('seqLen')} where prompts fill whole sequences`,
  }));
}
