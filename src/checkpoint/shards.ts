/** The weights of a model in several safetensors files, and the index that says which stands where. */
import { UserError } from '../errors/index.ts';
import { JsonScanner, notJson, readTextFile, SIZE_LIMITS } from '../files/index.ts';
import type { WeightSource } from './weight-source.ts';

/** Weight name → name of the shard, a file beside the index. */
export type ShardIndex = ReadonlyMap<string, string>;

/** An opened safetensors file of a model. */
export interface Shard {
  readonly name: string;
  readonly file: string;
  readonly tensors: ReadonlyMap<string, WeightSource>;
}

/** A shard stands beside its index: a name with a folder in it could point anywhere. */
const SHARD_NAME = /^[^/\\]+\.safetensors$/;

const INDEX = { code: 'config-invalid', fix: 'download the file again' };

/** Reads `weight_map` of an index. Throws {@link UserError} `config-invalid`, and those of `readTextFile`. */
export function readShardIndex(path: string): ShardIndex {
  const text = readTextFile(path, SIZE_LIMITS.index);
  const scanner = new JsonScanner(text);
  const map = new Map<string, string>();
  let isThere = false;
  try {
    scanner.object((key) => {
      if (key !== 'weight_map') return void scanner.raw();
      isThere = true;
      scanner.object((name) => map.set(name, scanner.string()));
    });
    scanner.end();
  } catch (error) {
    if (error instanceof SyntaxError) throw notJson(path, text, error, INDEX);
    throw error;
  }
  if (!isThere) throw unusable(path, 'no weight_map');
  const odd = [...map].find(([, shard]) => !SHARD_NAME.test(shard));
  if (odd !== undefined) throw unusable(path, `${odd[0]}: ${JSON.stringify(odd[1])}`);
  return map;
}

/**
 * The weights of all shards by name. Where a name stands in several, the index decides; what it contradicts or leaves
 * open is told. Whether a weight is needed the model knows: one that is nowhere is no error here.
 */
export function joinShards(
  shards: readonly Shard[],
  index?: ShardIndex,
): { readonly weights: Map<string, WeightSource>; readonly warnings: string[] } {
  const weights = new Map<string, WeightSource>();
  const doubled = new Set<string>();
  const misplaced = new Set<string>();
  for (const { name: shard, tensors } of shards) {
    for (const [name, source] of tensors) {
      const place = index?.get(name);
      if (weights.has(name)) doubled.add(name);
      if (place !== undefined && place !== shard && !weights.has(name)) misplaced.add(name);
      if (place === shard) misplaced.delete(name);
      if (place === shard || !weights.has(name)) weights.set(name, source);
    }
  }
  const unknown = [...doubled].filter((name) => index?.has(name) !== true);
  for (const name of unknown) {
    weights.delete(name);
    doubled.delete(name);
  }
  const missing = [...(index?.keys() ?? [])].filter((name) => !weights.has(name));
  return {
    weights,
    warnings: [
      ...tell([...doubled], (names) => `Several shards hold ${names}: taken from where the index says.`),
      ...tell(unknown, (names) => `Several shards hold ${names}, which the index does not name: left out.`),
      ...tell([...misplaced], (names) => `Another shard than the index says holds ${names}.`),
      ...tell(missing, (names) => `The index names ${names}, which no shard holds.`),
    ],
  };
}

function tell(names: readonly string[], sentence: (names: string) => string): string[] {
  if (names.length === 0) return [];
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return [sentence(`${names.slice(0, 3).join(', ')}${more}`)];
}

function unusable(path: string, got: string): UserError {
  return new UserError(INDEX.code, {
    what: `${path} has no usable weight_map.`,
    got,
    expected: 'an object of weight names and names of .safetensors files in the same folder',
    fix: INDEX.fix,
  });
}
