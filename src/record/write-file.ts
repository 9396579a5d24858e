/** Writing to disk: whole or not at all, with file-system errors told as mistakes that a person can mend. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { invariant, UserError } from '../errors/index.ts';

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'the path is a folder',
};

/**
 * Runs `write`, and tells a file-system error as one of the user's.
 *
 * @throws UserError `cannot-write` naming `path` and the cause.
 */
export function tellWriteErrors<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== 'string' || !(error instanceof Error)) throw error;
    throw new UserError(
      'cannot-write',
      {
        what: `cannot write ${path}`,
        got: `${CAUSES[code] ?? error.message} (${code})`,
        fix: 'free space there, change its permissions, or choose another folder with --out',
      },
      { cause: error },
    );
  }
}

/**
 * Writes `value` as indented JSON. The text goes to a neighbour that is flushed and then renamed, so `path`
 * holds the old contents or the new ones, never a part.
 *
 * @throws InvariantError on a number that JSON cannot hold: it would be written as null, silently.
 * @throws UserError `cannot-write`.
 */
export function writeJsonAtomic(path: string, value: unknown): void {
  const text = `${JSON.stringify(value, finiteOnly, 1)}\n`;
  const temporary = `${path}.${process.pid}.tmp`;
  tellWriteErrors(path, () => {
    try {
      const file = openSync(temporary, 'w');
      try {
        writeWhole(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** One call may write less than it was given (a disk that is nearly full): write on until all is there. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
}

function finiteOnly(key: string, value: unknown): unknown {
  invariant(
    typeof value !== 'number' || Number.isFinite(value),
    `"${key}" is ${value}, which JSON cannot hold`,
  );
  return value;
}
