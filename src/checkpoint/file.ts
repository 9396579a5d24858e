/** Files: reading exact ranges, writing atomically, and the operating system's refusals in plain words. */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors/index.ts';

/** Bytes of a file. */
export interface FileRange {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** Opens `path`, passes the descriptor and the file's size to `use`, and closes it. */
export function withFile<Result>(path: string, use: (descriptor: number, size: number) => Result): Result {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw readingError(path, error);
  }
  try {
    return use(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads `length` bytes at `offset`; throws `file-truncated` when the file ends before. */
export function readExactly(descriptor: number, path: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    // One read call of the system gives at most 2³¹ bytes.
    const count = readChunk(descriptor, path, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
    if (count === 0) {
      throw new UserError('file-truncated', {
        what: `${path} ends too early.`,
        got: `${offset + done} bytes`,
        expected: `at least ${offset + length} bytes`,
        fix: 'the copy is incomplete: download or copy the file again',
      });
    }
    done += count;
  }
  return bytes;
}

function readChunk(
  descriptor: number,
  path: string,
  bytes: Uint8Array,
  at: number,
  length: number,
  position: number,
): number {
  try {
    return readSync(descriptor, bytes, at, length, position);
  } catch (error) {
    throw readingError(path, error);
  }
}

/**
 * Writes a file so that it exists whole or not at all: `write` fills a temporary file in the same folder,
 * which is then renamed. The folder is made when it is missing. Throws {@link UserError} `cannot-write`.
 */
export async function writeFileAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`);
  try {
    await makeFolder(dirname(path));
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
  }
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir reports a read-only disk as ENOENT and never
 * returns where no folder can be made (/proc).
 */
export async function makeFolder(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory()) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path).catch((error: unknown) => {
    // Another process may have made it meanwhile; a file in its place shows when the next path is made.
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/** The error for a file that can't be read: `file-not-found` or `file-not-readable`. */
export function readingError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new UserError(
      'file-not-found',
      { what: `There is no file ${path}.`, fix: 'check the path' },
      { cause: error },
    );
  }
  return new UserError(
    'file-not-readable',
    { what: `${path} cannot be read.`, got: code, fix: REASONS[code] ?? 'check the file and its disk' },
    { cause: error },
  );
}

/** The error for a path that can't be written: `cannot-write`. */
export function writingError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  return new UserError(
    'cannot-write',
    { what: `${path} cannot be written.`, got: code, fix: REASONS[code] ?? 'check the folder and its disk' },
    { cause: error },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you lack the right to: change the permissions or choose another place',
  EPERM: 'you lack the right to: change the permissions or choose another place',
  EROFS: 'the disk is read-only: choose another place',
  ENOSPC: 'the disk is full: free some space or choose another place',
  EDQUOT: 'your disk quota is used up: free some space or choose another place',
  ENOENT: 'no folder can be made there: choose another place',
  EISDIR: 'it is a folder: name a file',
  ENOTDIR: 'part of the path is a file, not a folder: choose another place',
  EEXIST: 'part of the path is a file, not a folder: choose another place',
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}
