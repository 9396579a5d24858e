/** Models and data sets as they were named: by a path that exists, or by an id on the hub. */
import { existsSync, lstatSync } from 'node:fs';
import { fetchData } from './fetch-data.ts';
import { fetchModel, type ModelNeed } from './fetch-model.ts';
import type { HubOptions } from './fill-cache.ts';
import { type HubReference, parseHubReference } from './hub-reference.ts';

/**
 * The id that a name stands for; undefined where a path of that name exists, and where it can only be a path. What
 * begins with a folder that exists and goes on for two names or more is a path with a mistake in it, and no business of
 * the hub's.
 */
export function hubReferenceOf(name: string, kind: HubReference['kind']): HubReference | undefined {
  if (lstatSync(name, { throwIfNoEntry: false }) !== undefined) return undefined;
  const reference = parseHubReference(name, kind);
  if (reference?.file !== undefined && existsSync(reference.id.split('/')[0]!)) return undefined;
  return reference;
}

/**
 * The path of a model that was named by a path or by its id, `org/name[@revision]`, which is fetched when the hub's cache
 * does not have it; of a GGUF repository also `org/name:Q4_K_M` and `org/name/file.gguf`. A path that exists is never
 * taken as an id. What is neither is given back as it is: whoever opens it tells that there is nothing.
 *
 * @throws UserError those of {@link fetchModel}.
 */
export async function locateModel(
  name: string,
  options: HubOptions & { readonly need?: ModelNeed } = {},
): Promise<string> {
  const reference = hubReferenceOf(name, 'models');
  return reference === undefined ? name : fetchModel(reference, options.need ?? 'model', options);
}

/**
 * The files of texts that were named by paths or by ids of data sets, in their order: `org/name[@revision]` with
 * `/path/file.jsonl`, `:split`, `:config/split` or nothing behind it. What is no id stays what it is.
 *
 * @throws UserError those of {@link fetchData}.
 */
export async function locateData(
  names: readonly string[],
  options: HubOptions = {},
): Promise<readonly string[]> {
  const located: string[] = [];
  for (const name of names) {
    const reference = hubReferenceOf(name, 'datasets');
    located.push(...(reference === undefined ? [name] : await fetchData(reference, options)));
  }
  return located;
}
