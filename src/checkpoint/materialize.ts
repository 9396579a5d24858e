/** A place in a file for every weight where it stands as float32, so that the engine can map it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UserError } from '../errors/index.ts';
import type { FileRange } from '../files/index.ts';
import type { Cache } from './cache.ts';
import type { Layout } from './cache-file.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decodedPieces, findWeight } from './read-weight.ts';
import type { WeightSource } from './weight-source.ts';

/** To be raised when a decoding changes. */
const VERSION = 3;

/**
 * Gives for every named weight a place where it stands as float32, row-major, in Hugging Face order.
 * Weights that are stored so are mapped where they are; all others are decoded once, piece by piece (memory
 * stays bounded), into one file of the cache, which later runs reuse: it is known by the hash of the weights' bytes
 * and how each stands in them. All values are checked to be finite.
 *
 * Throws `UserError` `weight-missing`, `weight-type-unsupported`, `weights-not-finite`, `file-truncated`,
 * `cannot-write`, and `stopped` when `signal` is aborted: nothing is left half written then.
 */
export async function materialize(
  checkpoint: Checkpoint,
  names: Iterable<string>,
  cache: Cache,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, FileRange>> {
  const places = new Map<string, FileRange>();
  const toDecode: WeightSource[] = [];
  for (const name of new Set(names)) {
    const source = findWeight(checkpoint, name);
    if (source.dtype === 'F32' && source.rowOrder === undefined && source.plusOne === undefined) {
      // Checks that all values are finite.
      for (const _ of decodedPieces(source)) {
        await nextTurn();
        refuseStopped(signal);
      }
      places.set(name, { path: source.path, offset: source.offset, length: source.length });
    } else {
      toDecode.push(source);
    }
  }
  if (toDecode.length === 0) return places;

  const key = {
    weights: await checkpoint.sha256(),
    // Names and rows to be moved follow from a header's or a config's words, not from the bytes alone.
    sources: toDecode.map(({ path, ...source }) => ({ ...source, file: checkpoint.files.indexOf(path) })),
  };
  const layout: Layout = Object.fromEntries(
    toDecode.map(({ name, shape }) => [name, { dtype: 'F32' as const, shape }]),
  );
  const decoded = await cache.mapped({ kind: 'decoded', version: VERSION, key }, layout, function* () {
    for (const source of toDecode) {
      for (const piece of decodedPieces(source)) {
        refuseStopped(signal);
        yield piece;
      }
    }
  });
  for (const { name } of toDecode) places.set(name, decoded.get(name)!);
  return places;
}

/** Between pieces of work: throws {@link UserError} `stopped` once the work is asked to end. */
export function refuseStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new UserError('stopped', { what: 'stopped while the model was opened' });
}
