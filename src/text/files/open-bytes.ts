/** The bytes of a text file as a stream, unpacked. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { UserError } from '../../errors/index.ts';
import { STANDARD_INPUT } from './find-files.ts';

/** Bytes that are read at once; longer texts would outlive the collection of young garbage. */
const CHUNK = 2 ** 16;

/** What is known of a file when its bytes have been read. */
export class ByteCount {
  bytes = 0;
  private readonly hash = createHash('sha256');

  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
  }

  /** Of the bytes as they stand in the file. */
  sha256(): string {
    return this.hash.copy().digest('hex');
  }
}

/**
 * The bytes of a file or of standard input, of what is packed by gzip or Zstandard unpacked; which it is, its first bytes
 * say. `count` counts those of the file.
 * Throws {@link UserError} `text-not-found`, `text-format`.
 */
export async function* openBytes(path: string, count: ByteCount): AsyncGenerator<Uint8Array> {
  const chunks = countChunks(path, count);
  const first = await chunks.next();
  if (first.done) return;
  const whole = prepend(first.value, chunks);
  const kind = packing(first.value);
  if (kind === undefined) yield* whole;
  else {
    try {
      yield* kind === 'gzip' ? through(zlib.createGunzip(), whole) : unpackZstd(whole);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(
        'text-format',
        {
          what: `${path} is damaged.`,
          got: error instanceof Error ? error.message : String(error),
          expected: `a whole file as ${kind} writes it`,
          fix: 'copy or download it again',
        },
        { cause: error },
      );
    }
  }
}

async function* countChunks(path: string, count: ByteCount): AsyncGenerator<Uint8Array> {
  if (path !== STANDARD_INPUT) await refuseOthers(path);
  try {
    const stream = path === STANDARD_INPUT ? process.stdin : createReadStream(path, { highWaterMark: CHUNK });
    for await (const chunk of stream) {
      count.add(chunk as Buffer);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw notReadable(path, error);
  }
}

/** Looks before it reads: a pipe or a device has no end. Throws {@link UserError} `text-not-found`. */
export async function refuseOthers(path: string): Promise<void> {
  const found = await stat(path).catch((error) => {
    throw notReadable(path, error);
  });
  if (found.isFile()) return;
  throw new UserError('text-not-found', {
    what: `${path} is not a file.`,
    got: found.isDirectory()
      ? 'a folder'
      : found.isFIFO()
        ? 'a pipe'
        : found.isSocket()
          ? 'a socket'
          : 'a device',
    expected: 'a file of texts, or a folder of such files',
    fix: `write the text to a file and name that, or name ${STANDARD_INPUT} and send it to standard input`,
  });
}

function notReadable(path: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new UserError(
    'text-not-found',
    {
      what: `The text file ${path} cannot be read.`,
      got: code,
      fix: 'check the path and your right to read it',
    },
    { cause: error },
  );
}

async function* prepend(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function packing(bytes: Uint8Array): 'gzip' | 'zstd' | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  return [0x28, 0xb5, 0x2f, 0xfd].every((byte, i) => bytes[i] === byte) ? 'zstd' : undefined;
}

async function* through(transform: Transform, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // A failure on either side ends the other, and the loop below throws it.
  pipeline(chunks, transform, () => {});
  yield* transform as AsyncIterable<Uint8Array>;
}

/** Node has Zstandard since 22.15; before, it is unpacked in JavaScript, several times slower. */
function unpackZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return typeof zlib.createZstdDecompress === 'function'
    ? through(zlib.createZstdDecompress(), chunks)
    : unpackZstdInJavaScript(chunks);
}

async function* unpackZstdInJavaScript(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let unpacked: Uint8Array[] = [];
  const stream = new Decompress((chunk) => unpacked.push(chunk));
  for await (const chunk of chunks) {
    stream.push(chunk);
    yield* unpacked;
    unpacked = [];
  }
  stream.push(new Uint8Array(), true);
  yield* unpacked;
}
