/** Reading exact ranges of files. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UserError } from '../errors/index.ts';
import { KIND_BYTES } from './recognize-file.ts';
import { readingError } from './refusals.ts';

/** Bytes of a file. */
export interface FileRange {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/**
 * Opens `path`, passes the descriptor and the file's size to `use`, and closes it. What has no size of its own (a folder,
 * a pipe, a device) is refused: `file-not-readable`.
 */
export function withFile<Result>(path: string, use: (descriptor: number, size: number) => Result): Result {
  let descriptor: number;
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw readingError(path, error);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw notAFile(path, status);
    return use(descriptor, status.size);
  } finally {
    closeSync(descriptor);
  }
}

/** The first bytes of a file, as many as tell its kind. */
export function readFirstBytes(descriptor: number, path: string, size: number): Uint8Array {
  return readExactly(descriptor, path, 0, Math.min(size, KIND_BYTES));
}

/** Reads `length` bytes at `offset`; throws `file-truncated` when the file ends before. */
export function readExactly(descriptor: number, path: string, offset: number, length: number): Uint8Array {
  const { size } = fstatSync(descriptor);
  // Before anything is allocated: the length may come from the file itself.
  if (offset + length > size) throw fileEnds(path, size, offset + length);
  const bytes = new Uint8Array(length);
  readInto(bytes, descriptor, path, offset);
  return bytes;
}

/** Fills `bytes` from `offset` on. */
function readInto(bytes: Uint8Array, descriptor: number, path: string, offset: number): void {
  const { length } = bytes;
  let done = 0;
  while (done < length) {
    // One read call of the system gives at most 2³¹ bytes.
    const count = readChunk(descriptor, path, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
    if (count === 0) throw fileEnds(path, offset + done, offset + length);
    done += count;
  }
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
 * The bytes of a range piece by piece, all in one buffer: a piece holds until the next is asked for. Between pieces,
 * signals and timers have their turn. Throws as {@link readExactly} does.
 */
export async function* readPieces(
  { path, offset, length }: FileRange,
  pieceBytes = 2 ** 22,
): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((error: unknown) => {
    throw readingError(path, error);
  });
  try {
    const buffer = new Uint8Array(Math.min(pieceBytes, length));
    for (let done = 0; done < length; done += pieceBytes) {
      const piece = buffer.subarray(0, Math.min(pieceBytes, length - done));
      readInto(piece, file.fd, path, offset + done);
      yield piece;
      await nextTurn();
    }
  } finally {
    await file.close();
  }
}

function notAFile(path: string, status: Stats): UserError {
  const kind = status.isDirectory()
    ? 'a folder'
    : status.isFIFO()
      ? 'a pipe'
      : status.isCharacterDevice() || status.isBlockDevice()
        ? 'a device'
        : 'no regular file';
  return new UserError('file-not-readable', {
    what: `${path} cannot be read.`,
    got: kind,
    expected: 'a regular file, whose size is known',
    fix: 'name a file; what comes from a pipe has to be saved first',
  });
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
