/** A place in a file for every weight where it stands as float32, so that the engine can map it. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type FileRange, writeFileAtomically } from '../files/index.ts';
import { sizeOf } from '../numeric/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decodedPieces, findWeight } from './read-weight.ts';
import type { WeightSource } from './weight-source.ts';

/** To be raised when the layout of the cache file or a decoding changes. */
const CACHE_VERSION = 1;

/** Every weight begins at a multiple of this, bytes: a cache line. */
const ALIGNMENT = 64;

/**
 * Gives for every named weight a place where it stands as float32, row-major, in Hugging Face order.
 * Weights that are stored so are mapped where they are; all others are decoded once, piece by piece (memory
 * stays bounded), into one file in `cacheFolder`, which later runs reuse. Its name is a hash of the weights'
 * bytes and of the names asked for. All values are checked to be finite, except those of a cache file that
 * is reused, which were checked when it was written.
 *
 * Throws `UserError` `weight-missing`, `weight-type-unsupported`, `weights-not-finite`, `file-truncated`,
 * `cannot-write`.
 */
export async function materialize(
  checkpoint: Checkpoint,
  names: Iterable<string>,
  cacheFolder: string,
): Promise<ReadonlyMap<string, FileRange>> {
  const places = new Map<string, FileRange>();
  const toDecode: WeightSource[] = [];
  for (const name of new Set(names)) {
    const source = findWeight(checkpoint, name);
    if (source.dtype === 'F32' && source.permutedRowsPerHead === undefined) {
      for (const _ of decodedPieces(source)); // checks that all values are finite
      places.set(name, { path: source.path, offset: source.offset, length: source.length });
    } else {
      toDecode.push(source);
    }
  }
  if (toDecode.length === 0) return places;

  const hash = createHash('sha256');
  hash.update(JSON.stringify([CACHE_VERSION, await checkpoint.sha256(), toDecode.map(({ name }) => name)]));
  const path = resolve(join(cacheFolder, `${hash.digest('hex')}.f32`));
  let end = 0;
  for (const source of toDecode) {
    const length = 4 * sizeOf(source.shape);
    places.set(source.name, { path, offset: end, length });
    end += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
  if ((await fileSize(path)) !== end) await writeCache(path, toDecode);
  return places;
}

async function writeCache(path: string, sources: readonly WeightSource[]): Promise<void> {
  await writeFileAtomically(path, async (file) => {
    for (const source of sources) {
      let length = 0;
      for (const piece of decodedPieces(source)) {
        await file.writeFile(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
        length += piece.byteLength;
      }
      await file.writeFile(new Uint8Array(Math.ceil(length / ALIGNMENT) * ALIGNMENT - length));
    }
  });
}

/** Undefined when there is no such file: if the place is at fault, writing will tell. */
async function fileSize(path: string): Promise<number | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status?.size;
}
