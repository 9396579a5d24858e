/**
 * What costs time to make and can be made again, kept on disk between runs: decoded and packed weights, singular
 * vectors. A kept file is found by all that determines its content and is read whole before it is believed
 * (`cache-file.ts`); what is damaged is made again, and a cache that cannot be written costs time only. Both are said.
 */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { UserError } from '../errors/index.ts';
import { type FileRange, makeTemporaryFolder, refusalOf, removeTemporaryFolder } from '../files/index.ts';
import { float32, type Tensor } from '../numeric/index.ts';
import { type Layout, openCacheFile, type Piece, writeCacheFile } from './cache-file.ts';
import { canonicalJson } from './canonical-json.ts';
import { readSource } from './read-weight.ts';
import type { WeightSource } from './weight-source.ts';

/** What a kept file holds, told by all that determines it. */
export interface CacheEntry {
  /** Folder in the cache: what kind of content this is. */
  readonly kind: string;
  /** Of the way it is made: to be raised whenever that gives other values than before. */
  readonly version: number;
  /** Everything else that the values depend on, shapes and settings included, as JSON. */
  readonly key: unknown;
}

type Stored = ReadonlyMap<string, WeightSource>;

export class Cache {
  readonly folder: string;
  private readonly note: (text: string) => void;
  private readonly told = new Set<string>();

  /** @param note told, once each, what of the cache could not be used or written. */
  constructor(folder: string, note: (text: string) => void) {
    this.folder = folder;
    this.note = note;
  }

  /**
   * Places of tensors in a file that can be mapped.
   *
   * @param make gives the values of all tensors one after the other; no piece belongs to two tensors. Called again
   *   for a temporary file when the cache cannot be written.
   * @throws UserError `cannot-write` when there is no room for a temporary file either, and what `make` throws.
   */
  async mapped(
    entry: CacheEntry,
    layout: Layout,
    make: () => Iterable<Piece> | AsyncIterable<Piece>,
  ): Promise<ReadonlyMap<string, FileRange>> {
    const fits = (stored: Stored) => sameLayout(stored, layout);
    const kept = await this.find(entry, fits);
    if (kept !== undefined) return kept;
    const written = (await this.keep(entry, layout, make)) ?? (await keepForNow(entry, layout, make));
    const stored = await openCacheFile(written, keyOf(entry));
    if (typeof stored === 'object') return stored;
    throw new UserError('cache-unreliable', (option) => ({
      what: `${written} does not hold what was just written there.`,
      got: stored ?? 'no file',
      fix: `check the disk, or choose another place with ${option('cacheFolder')}`,
    }));
  }

  /**
   * Float32 tensors in memory, the same whether they were kept or have just been made.
   *
   * @param fits whether kept tensors serve; if not, `make`'s replace them.
   */
  async tensors<Name extends string>(
    entry: CacheEntry,
    fits: (kept: Readonly<Partial<Record<Name, { readonly shape: readonly number[] }>>>) => boolean,
    make: () => Promise<Readonly<Record<Name, Tensor>>>,
  ): Promise<Readonly<Record<Name, Tensor>>> {
    const kept = await this.read(entry, fits);
    if (kept !== undefined) return kept;
    const made = await make();
    await this.write(entry, made);
    return made;
  }

  /** Float32 tensors that are kept and serve, undefined when there are none. */
  async read<Name extends string>(
    entry: CacheEntry,
    fits: (kept: Readonly<Partial<Record<Name, { readonly shape: readonly number[] }>>>) => boolean = () =>
      true,
  ): Promise<Readonly<Record<Name, Tensor>> | undefined> {
    const kept = await this.find(entry, (stored) =>
      fits(Object.fromEntries(stored) as Partial<Record<Name, WeightSource>>),
    );
    if (kept === undefined) return undefined;
    const read = [...kept].map(([name, source]) => [name, float32(source.shape, readSource(source))]);
    return Object.fromEntries(read) as Record<Name, Tensor>;
  }

  /** Keeps float32 tensors, where there is a place for them. */
  async write(entry: CacheEntry, tensors: Readonly<Record<string, Tensor>>): Promise<void> {
    const values = Object.values(tensors).map(({ data }) => data as Float32Array);
    const layout = Object.entries(tensors).map(([name, { shape }]) => [name, { dtype: 'F32', shape }]);
    await this.keep(entry, Object.fromEntries(layout) as Layout, () => values);
  }

  /** What is kept and serves. */
  private async find(entry: CacheEntry, fits: (stored: Stored) => boolean): Promise<Stored | undefined> {
    const path = this.pathOf(entry);
    const stored = await openCacheFile(path, keyOf(entry));
    if (typeof stored === 'string') this.tell(`${path} is damaged (${stored}): it is made again.`);
    return typeof stored === 'object' && fits(stored) ? stored : undefined;
  }

  /** Writes the file, and gives its path unless there is no place for it. */
  private async keep(
    entry: CacheEntry,
    layout: Layout,
    make: () => Iterable<Piece> | AsyncIterable<Piece>,
  ): Promise<string | undefined> {
    const path = this.pathOf(entry);
    try {
      await writeCacheFile(path, keyOf(entry), layout, make());
      return path;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      this.tell(`Nothing new is kept in the cache ${this.folder} (${refusal}); every run makes it again.`);
      return undefined;
    }
  }

  private tell(text: string): void {
    if (!this.told.has(text)) this.note(text);
    this.told.add(text);
  }

  /** Where an entry is kept, if it is: whether it is whole shows when it is read. */
  pathOf(entry: CacheEntry): string {
    const name = createHash('sha256').update(keyOf(entry)).digest('hex');
    return resolve(join(this.folder, entry.kind, `${name}.safetensors`));
  }
}

const keyOf = ({ kind, version, key }: CacheEntry): string => canonicalJson([kind, version, key]);

/** Writes the file among the system's temporary ones, until the process ends. */
async function keepForNow(
  entry: CacheEntry,
  layout: Layout,
  make: () => Iterable<Piece> | AsyncIterable<Piece>,
): Promise<string> {
  const folder = makeTemporaryFolder();
  process.once('exit', () => removeTemporaryFolder(folder));
  const path = join(folder, `${entry.kind}.safetensors`);
  await writeCacheFile(path, keyOf(entry), layout, make());
  return path;
}

function sameLayout(stored: Stored, layout: Layout): boolean {
  const names = Object.keys(layout);
  return (
    stored.size === names.length &&
    names.every((name) => {
      const found = stored.get(name);
      return found?.dtype === layout[name]!.dtype && found.shape.join() === layout[name]!.shape.join();
    })
  );
}
