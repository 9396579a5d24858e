/** Writing a folder so that it exists whole or not at all. */
import { readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../errors/index.ts';
import { followLink } from './follow-link.ts';
import { writingError } from './refusals.ts';
import { endPassing, passingName } from './remains.ts';
import { makeFolder } from './write-file.ts';

/**
 * Writes a new folder: `write` fills a temporary one beside it, which is then renamed. An empty folder may stand
 * there already. Throws {@link UserError} `output-exists`, `cannot-write`, and what `write` throws; nothing is
 * left then.
 */
export async function writeFolderAtomically(
  path: string,
  write: (folder: string) => Promise<void>,
): Promise<void> {
  await refuseExisting(path);
  const target = followLink(resolve(path));
  const temporary = passingName(target);
  try {
    makeFolder(temporary);
    await write(temporary);
    // Windows renames onto no folder, not even an empty one.
    await rmdir(target).catch(() => {});
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw writingError(path, error);
  } finally {
    endPassing(temporary);
  }
}

/** Throws {@link UserError} `output-exists` when something other than an empty folder stands at `path`. */
export async function refuseExisting(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return;
  const entries = status.isDirectory() ? await readdir(path) : undefined;
  if (entries?.length === 0) return;
  throw new UserError('output-exists', {
    what: entries === undefined ? `${path} exists already.` : `The folder ${path} is not empty.`,
    got: entries === undefined ? `a file of ${status.size} bytes` : entries.slice(0, 3).join(', '),
    expected: 'nothing there yet',
    fix: 'choose another place, or remove this one',
  });
}
