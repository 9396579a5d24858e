/** Reads what a command works on, before a large model is decoded: a mistake in a text should show first. */
import { fitContext, readProbeText } from '../coverage/index.ts';
import { inspectModel, type OpenModelOptions } from '../models/index.ts';
import { type OptionValues, resolveOptions } from '../options/index.ts';
import { PROBE_OPTIONS, type TEXT_OPTIONS } from '../record/index.ts';
import {
  checkTexts,
  openTokenizer,
  type ReadSequences,
  readSequences,
  type Tokenizer,
} from '../text/index.ts';
import { locateTexts } from './locate-texts.ts';
import { tellWarning } from './tell-warnings.ts';

export interface TextsToRead extends OptionValues<typeof TEXT_OPTIONS> {
  readonly model: string;
  readonly paths: readonly string[];
  readonly seqLen?: number | undefined;
  readonly pack?: boolean | undefined;
  /** What a probe draws, for which a random part of long texts is enough. */
  readonly draws?: Pick<
    OptionValues<typeof PROBE_OPTIONS>,
    'seed' | 'batches' | 'calibrationBatches' | 'batchSize'
  >;
  readonly download?: Pick<OpenModelOptions, 'onDownload' | 'signal'>;
}

export interface TextsRead {
  readonly texts: ReadSequences;
  readonly tokenizer: Tokenizer;
  /** Where the model is, also one that was named by its id. */
  readonly modelPath: string;
}

/** @throws UserError those of `inspectModel`, of the tokenizer and of `readSequences`. */
export async function readTexts({
  model: path,
  paths,
  draws,
  download,
  ...options
}: TextsToRead): Promise<TextsRead> {
  const located = await locateTexts(paths, download);
  await checkTexts(located);
  // Its warnings are told when it is opened.
  const inspected = await inspectModel(path, { ...download, onWarning: () => {}, onNote: tellWarning });
  const { definition, checkpoint } = inspected;
  const tokenizer = await openTokenizer(checkpoint);
  const { pack = PROBE_OPTIONS.pack.default } = options;
  const seqLen = fitContext(options.seqLen, PROBE_OPTIONS.seqLen.default, definition.contextLength);
  const reading = { ...options, seqLen, pack };
  const texts =
    draws === undefined
      ? await readSequences(located, tokenizer, reading)
      : await readProbeText(located, tokenizer, { ...resolveOptions(PROBE_OPTIONS, draws), ...reading });
  return { texts, tokenizer, modelPath: inspected.path };
}
