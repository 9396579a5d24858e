/**
 * A file of the cache: safetensors whose metadata holds the key of what it was made from and a checksum of what it
 * holds. A file is used only when both are right, so that damage of any kind leads to making it again.
 */
import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { invariant, UserError } from '../errors/index.ts';
import { readExactly, readPieces, withFile, writeFileAtomically } from '../files/index.ts';
import { sizeOf } from '../numeric/index.ts';
import { allFinite } from './finite.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { encodeHeader } from './safetensors-write.ts';
import type { WeightSource } from './weight-source.ts';

/** A tensor of a cache file. */
export interface CachedType {
  readonly dtype: 'F32' | 'U8' | 'I8';
  readonly shape: readonly number[];
}

/** The tensors of a cache file by name, in the order in which they are written. */
export type Layout = Readonly<Record<string, CachedType>>;

export type Piece = Float32Array | Uint8Array | Int8Array;

const BYTES = { F32: 4, U8: 1, I8: 1 } as const;

/** Every tensor begins at a multiple of this, bytes: a cache line. */
const ALIGNMENT = 64;

/** Tensors that only fill the space up to the next multiple of {@link ALIGNMENT}. */
const PADDING = ':padding';

/** What stands before the values. The checksum is of these bytes, with zero in its place, and of all values. */
function headerOf(
  types: Iterable<readonly [string, { readonly dtype: string; readonly shape: readonly number[] }]>,
  key: string,
  checksum: number,
): Uint8Array {
  const entries = [...types].map(([name, { dtype, shape }]) => ({
    name,
    dtype,
    shape,
    bytes: BYTES[dtype as keyof typeof BYTES] * sizeOf(shape),
  }));
  const metadata = { format: 'rankscope.cache', key, checksum: checksum.toString(16).padStart(8, '0') };
  return encodeHeader(entries, metadata, ALIGNMENT);
}

/**
 * Writes a cache file, whole or not at all.
 *
 * @param pieces the values of all tensors one after the other; no piece belongs to two tensors.
 * @throws UserError `cannot-write`, and what `pieces` throws.
 */
export async function writeCacheFile(
  path: string,
  key: string,
  layout: Layout,
  pieces: Iterable<Piece> | AsyncIterable<Piece>,
): Promise<void> {
  const types = Object.entries(withPadding(layout));
  await writeFileAtomically(path, async (file) => {
    const start = headerOf(types, key, 0);
    let checksum = crc32(start);
    let left = 0;
    const write = async (piece: Piece) => {
      const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
      checksum = crc32(bytes, checksum);
      left -= bytes.length;
      await file.writeFile(bytes);
    };
    await file.writeFile(start);
    const rest = types[Symbol.iterator]();
    /** Goes on to the next tensor that has values, writing the padding before it. */
    const advance = async () => {
      while (left === 0) {
        const next = rest.next();
        if (next.done) return;
        const [name, { dtype, shape }] = next.value;
        left = BYTES[dtype] * sizeOf(shape);
        if (name.startsWith(PADDING)) await write(new Uint8Array(left));
      }
    };
    await advance();
    for await (const piece of pieces) {
      invariant(
        piece.byteLength <= left,
        `a piece of ${piece.byteLength} bytes for ${left} bytes of ${path}`,
      );
      invariant(isSound(piece), `values for ${path} are not finite`);
      await write(piece);
      await advance();
    }
    invariant(left === 0, `${left} bytes are missing for ${path}`);
    await file.write(headerOf(types, key, checksum), 0, start.length, 0);
  });
}

/**
 * The tensors of a cache file that is as it was written, undefined when there is none, or what is wrong with it.
 * Reads the whole file: that costs about a second of processor time per gigabyte, a wrong weight costs the result.
 */
export async function openCacheFile(
  path: string,
  key: string,
): Promise<ReadonlyMap<string, WeightSource> | undefined | string> {
  // Where the folder is at fault, writing will tell.
  const present = await stat(path).catch(() => undefined);
  if (present === undefined) return undefined;
  try {
    const { tensors, metadata } = readSafetensorsHeader(path);
    if (metadata.key !== key) return 'it was made from something else';
    const inOrder = [...tensors.values()].toSorted((a, b) => a.offset - b.offset || a.length - b.length);
    const types = inOrder.map((tensor) => [tensor.name, tensor] as const);
    let checksum = crc32(headerOf(types, key, 0));
    for (const { dtype, offset, length } of inOrder) {
      for await (const bytes of readPieces({ path, offset, length })) {
        checksum = crc32(bytes, checksum);
        const values = dtype === 'F32' ? new Float32Array(bytes.buffer, 0, bytes.length / 4) : bytes;
        if (!isSound(values)) return 'it holds values that are not finite';
      }
    }
    // The header is compared whole: no byte of it may be another.
    const expected = headerOf(types, key, checksum);
    const found = withFile(path, (file) => readExactly(file, path, 0, expected.length));
    if (!Buffer.from(found).equals(expected)) return 'its checksum does not match';
    return new Map([...tensors].filter(([name]) => !name.startsWith(PADDING)));
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n')[0]!;
    throw error;
  }
}

const isSound = (values: Piece) => !(values instanceof Float32Array) || allFinite(values);

function withPadding(layout: Layout): Layout {
  const padded: Record<string, CachedType> = {};
  for (const [name, type] of Object.entries(layout)) {
    padded[name] = type;
    const over = (BYTES[type.dtype] * sizeOf(type.shape)) % ALIGNMENT;
    if (over > 0) padded[`${PADDING} after ${name}`] = { dtype: 'U8', shape: [ALIGNMENT - over] };
  }
  return padded;
}
