/** Texts that may be named by the ids of data sets on the hub. */
import { UserError } from '../errors/index.ts';
import { type HubOptions, locateData } from '../hub/index.ts';
import { tellDownload } from './download-line.ts';
import { tellWarning } from './tell-warnings.ts';

type Options = Pick<HubOptions, 'signal' | 'onDownload'>;

/** The same paths, with the files of data sets in the place of their ids. Throws {@link UserError} as `locateData` does. */
export function locateTexts(
  names: readonly string[],
  { signal, onDownload = tellDownload(process.stderr) }: Options = {},
): Promise<readonly string[]> {
  return locateData(names, { signal, onDownload, onNote: tellWarning });
}

/** Where one file is taken. Throws {@link UserError} `hub-choice` for a data set in several files too. */
export async function locateText(name: string, options: Options = {}): Promise<string> {
  const [path, ...others] = await locateTexts([name], options);
  if (path !== undefined && others.length === 0) return path;
  throw new UserError('hub-choice', {
    what: `${name} stands in ${others.length + 1} files, and one is taken here.`,
    got: [path!, ...others],
    expected: 'one file',
    fix: `name it: ${name.split(/[@:]/)[0]}/path/in/the/repository`,
  });
}
