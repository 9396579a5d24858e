/** What `rankscope pretrain` reads: config, tokenizer, texts. */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { hubReferenceOf, locateModel } from '../hub/index.ts';
import type { ModelDefinition } from '../models/index.ts';
import { openTokenizer, readSequences, type Sequences, type Tokenizer } from '../text/index.ts';
import { readModelConfig } from '../training/index.ts';
import { tellDownload } from './download-line.ts';
import { locateTexts } from './locate-texts.ts';
import type { PretrainFlags } from './pretrain-options.ts';
import { tellWarning } from './tell-warnings.ts';

export interface TextData {
  readonly path: string;
  readonly sha256: string;
  readonly sequences: Sequences;
}

export interface PretrainInputs {
  readonly config: Readonly<Record<string, unknown>>;
  readonly configHash: string;
  readonly definition: ModelDefinition;
  readonly data: TextData;
  readonly evaluations: readonly TextData[];
}

/** Reads everything that a run needs, so that a mistake shows before any work. Throws {@link UserError}. */
export async function readInputs(flags: PretrainFlags): Promise<PretrainInputs> {
  const { seqLen } = flags;
  const { config, definition } = readModelConfig(flags.config);
  if (seqLen > definition.contextLength) {
    throw new UserError('sequence-too-long', {
      what: 'The sequences are longer than the model can take.',
      got: `--seq-len ${seqLen}`,
      expected: `at most ${definition.contextLength}, the context in ${flags.config}`,
      fix: 'lower --seq-len',
    });
  }
  const tokenizer = await readTokenizer(flags.tokenizer, {
    vocab_size: definition.vocabularySize,
    ...config,
  });
  const evaluations: TextData[] = [];
  for (const path of flags.evalData) evaluations.push(await readText(path, tokenizer, seqLen));
  return {
    config,
    configHash: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
    definition,
    data: await readText(flags.data, tokenizer, seqLen),
    evaluations,
  };
}

async function readText(path: string, tokenizer: Tokenizer, seqLen: number): Promise<TextData> {
  const paths = await locateTexts([path]);
  const { sequences, sha256 } = await readSequences(paths, tokenizer, { seqLen, pack: true });
  return { path, sha256, sequences };
}

/** The path of a tokenizer.json that may be named by the id of its model on the hub. */
export async function locateTokenizer(name: string): Promise<string> {
  if (hubReferenceOf(name, 'models') === undefined) return name;
  const options = {
    need: 'tokenizer',
    onDownload: tellDownload(process.stderr),
    onNote: tellWarning,
  } as const;
  return join(await locateModel(name, options), 'tokenizer.json');
}

/** The tokenizer of a folder without weights, checked against the config's vocabulary. */
function readTokenizer(path: string, config: Readonly<Record<string, unknown>>): Promise<Tokenizer> {
  if (basename(path) !== 'tokenizer.json') {
    throw new UserError('tokenizer-missing', {
      what: `${path} is not a tokenizer.json.`,
      expected: 'a file of that name; a tokenizer_config.json beside it is read as well',
      fix: 'rename the file',
    });
  }
  return openTokenizer({ path: dirname(path), config });
}
