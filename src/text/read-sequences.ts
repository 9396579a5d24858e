/** From text files to sequences, with a receipt of what became of them. */
import { UserError } from '../errors/index.ts';
import { DocumentReader, type FileDocument, identityOf, notesOf, type TextPaths } from './documents.ts';
import { DocumentEncoder } from './encode-documents.ts';
import type { FieldOptions } from './fields.ts';
import { type FileReceipt, type Receipt, writeReceipt } from './receipt.ts';
import { type SampleCount, type SampleOptions, sampleDocuments } from './sample-documents.ts';
import { SequenceBuilder, type SequenceOptions } from './sequence-builder.ts';
import type { Sequences } from './sequences.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ReadSequences {
  /** The files as they were named, for messages and records. */
  readonly path: string;
  readonly sequences: Sequences;
  readonly receipt: Receipt;
  /** Size of the files. */
  readonly bytes: number;
  /** Of the file's bytes; of several files, of their hashes. */
  readonly sha256: string;
}

export interface TextOptions extends FieldOptions, SequenceOptions {
  /** A file with a chat template, or the name of one of the model's, instead of the model's own choice. */
  readonly chatTemplate?: string | undefined;
  /** Takes a random part of texts that are longer than this. */
  readonly sample?: SampleOptions;
}

/** Paths as they were named, in one line. */
export const namePaths = (paths: TextPaths): string => (typeof paths === 'string' ? paths : paths.join(', '));

/**
 * The sequences of texts: at least one. Neither the texts nor, when there are many, their tokens are held in memory.
 * Throws {@link UserError} `text-too-short`, `text-without-targets`, and those of `readDocuments`, of chat templates and
 * of the tokenizer.
 *
 * @example
 * ```ts
 * const read = await readSequences('notes.txt', await model.tokenizer(), { seqLen: 128, pack: true });
 * console.log(read.sequences.count);
 * ```
 */
export async function readSequences(
  paths: TextPaths,
  model: Tokenizer,
  options: TextOptions,
): Promise<ReadSequences> {
  const { chatTemplate, sample, seqLen } = options;
  const tokenizer =
    chatTemplate === undefined || model.chat === undefined
      ? model
      : { ...model, chat: model.chat.with(chatTemplate) };
  const reader = new DocumentReader(paths, options);
  const count: SampleCount = { seen: 0, kept: 0 };
  const documents = reader.documents();
  const builder = new SequenceBuilder(tokenizer, options);
  const parts = await build(
    sample === undefined ? documents : sampleDocuments(documents, sample, count),
    builder,
    tokenizer,
  );
  const sequences = builder.finish();
  const path = namePaths(paths);
  const files = reader.files.map(({ notes: _, ...file }, index): FileReceipt => {
    const { tokens, sequences, targets } = parts.get(index) ?? NOTHING;
    return { ...file, tokens, sequences, targets, given: sequences * seqLen - targets };
  });
  const sampled =
    count.kept < count.seen
      ? [
          `The text is long: ${count.kept} of ${count.seen} documents were drawn at random, and the others not used.`,
        ]
      : [];
  const receipt = writeReceipt(files, [...notesOf(reader), ...sampled], sequences, tokenizer);
  refuseUseless(path, receipt, sequences, options);
  return { path, sequences, receipt, ...identityOf(reader.files) };
}

interface Counts {
  readonly tokens: number;
  readonly sequences: number;
  readonly targets: number;
}
const NOTHING: Counts = { tokens: 0, sequences: 0, targets: 0 };

/** Encodes documents into sequences; what each file adds, by its number. */
async function build(
  documents: AsyncIterable<FileDocument>,
  builder: SequenceBuilder,
  tokenizer: Tokenizer,
): Promise<Map<number, Counts>> {
  const encoder = new DocumentEncoder(tokenizer);
  const parts = new Map<number, Counts>();
  let before = NOTHING;
  let current = 0;
  const close = () => {
    for (const encoded of encoder.end()) builder.add(encoded);
    const now = { tokens: builder.tokensFound, sequences: builder.count, targets: builder.targets };
    parts.set(current, {
      tokens: now.tokens - before.tokens,
      sequences: now.sequences - before.sequences,
      targets: now.targets - before.targets,
    });
    before = now;
  };
  for await (const placed of documents) {
    if (placed.file !== current) {
      close();
      current = placed.file;
    }
    for (const encoded of encoder.add(placed)) builder.add(encoded);
  }
  close();
  return parts;
}

function refuseUseless(
  path: string,
  receipt: Receipt,
  { count, tokensFound }: Sequences,
  { seqLen, pack }: SequenceOptions,
): void {
  if (count > 0) return;
  if (pack && tokensFound < seqLen) {
    throw new UserError('text-too-short', (option) => ({
      what: `${path} is too short for one sequence.`,
      got: [`${tokensFound} tokens.`, ...receipt.notes].join(' '),
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

/**
 * Cuts documents into sequences; sequences without a single target are left out.
 *
 * @example
 * ```ts
 * const { documents } = await readDocuments('notes.txt');
 * const sequences = makeSequences(documents, await model.tokenizer(), { seqLen: 128, pack: true });
 * ```
 */
export function makeSequences(
  documents: readonly FileDocument['document'][],
  tokenizer: Tokenizer,
  options: SequenceOptions,
): Sequences {
  const builder = new SequenceBuilder(tokenizer, options);
  const encoder = new DocumentEncoder(tokenizer);
  for (const [index, document] of documents.entries()) {
    for (const encoded of encoder.add({ document, place: `document ${index + 1}` })) builder.add(encoded);
  }
  for (const encoded of encoder.end()) builder.add(encoded);
  return builder.finish();
}
