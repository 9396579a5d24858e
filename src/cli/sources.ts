/** Which model a command works on, and which text. */
import { UserError } from '../errors/index.ts';
import { bundledModel, bundledText } from './package-info.ts';

/** What commands with a model and a text do with the text. */
const PURPOSES = { probe: 'measure on', train: 'train on', advise: 'advise on' };

export interface Sources {
  readonly modelPath: string;
  /** Files, folders, patterns, or `-` for standard input. */
  readonly dataPaths: readonly string[];
}

/**
 * The model and text that were named; without a model the bundled one, which alone has a text of its own. Throws
 * {@link UserError} `data-missing`.
 */
export function chooseSources(
  command: keyof typeof PURPOSES,
  model: string | undefined,
  data: readonly string[] | undefined,
): Sources {
  if (model === undefined) return { modelPath: bundledModel(), dataPaths: data ?? [bundledText()] };
  if (data !== undefined) return { modelPath: model, dataPaths: data };
  throw new UserError('data-missing', {
    what: `there is no text to ${PURPOSES[command]}`,
    expected: '--data with a file or folder of texts; only the bundled model has a text of its own',
    fix: `for example: rankscope ${command} ${model} --data notes.txt`,
  });
}
