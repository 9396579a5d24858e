/** Writing files so that they exist whole or not at all. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { tellWriteErrors, writingError } from './refusals.ts';
import { endPassing, passingName } from './remains.ts';

/**
 * Writes a file so that it exists whole or not at all: `write` fills a temporary file in the same folder,
 * which is then renamed. The folder is made when it is missing. Throws {@link UserError} `cannot-write`.
 */
export async function writeFileAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = passingName(path);
  try {
    makeFolder(dirname(path));
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writingError(path, error);
  } finally {
    endPassing(temporary);
  }
}

/**
 * Writes a text: the file holds what it held before or all of `text`. Synchronous, so that a stop cannot leave a
 * write queued. The folder must exist. Throws `UserError` `cannot-write`.
 */
export function writeTextAtomically(path: string, text: string): void {
  const temporary = passingName(path);
  tellWriteErrors(path, () => {
    try {
      const file = openSync(temporary, 'w');
      try {
        const bytes = Buffer.from(text, 'utf8');
        // One call may write less than it was given (a disk that is nearly full): write on until all is there.
        for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      endPassing(temporary);
    }
  });
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir reports a read-only disk as ENOENT and never returns
 * where no folder can be made (/proc).
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have made it meanwhile; a file in its place shows when the next path is made.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
