/** Reading exact ranges of files. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UserError } from '../errors/index.ts';
import { readingError } from './refusals.ts';

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
export function readExactly(
  descriptor: number,
  path: string,
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    // One read call of the system gives at most 2³¹ bytes.
    const count = readChunk(descriptor, path, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
    if (count === 0) {
      throw fileEnds(path, offset + done, offset + length);
    }
    done += count;
  }
  return bytes;
}

/** The error `file-truncated`: `needed` bytes were to be there; `part` is what the file ends in. */
export function fileEnds(path: string, size: number, needed: number | bigint, part?: string): UserError {
  return new UserError('file-truncated', {
    what: `${path} ends too early${part === undefined ? '' : `: inside ${part}`}.`,
    got: `${size} bytes`,
    expected: `at least ${needed} bytes`,
    fix: 'the copy is incomplete: download or copy the file again',
  });
}

/**
 * The bytes of a range piece by piece, each in an array of its own; between pieces, signals and timers have their
 * turn. Throws as {@link readExactly} does.
 */
export async function* readPieces(
  { path, offset, length }: FileRange,
  pieceBytes = 2 ** 22,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = await open(path).catch((error: unknown) => {
    throw readingError(path, error);
  });
  try {
    for (let done = 0; done < length; done += pieceBytes) {
      yield readExactly(file.fd, path, offset + done, Math.min(pieceBytes, length - done));
      await nextTurn();
    }
  } finally {
    await file.close();
  }
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
