/** What a model is, told so that two that are not the same never pass for one another. */
import { hubOrigin } from '../hub/index.ts';
import type { ModelSource } from '../record/index.ts';
import type { Model } from './model.ts';

/** The model in the words of a record; weights by their hash, the config by all of it that numbers depend on. */
export async function describeModel(model: Model): Promise<ModelSource> {
  const { path, name, definition, checkpoint, parameters } = model;
  return {
    path,
    ...originOf(path),
    name,
    architecture: definition.modelType,
    format: checkpoint.format,
    parameters,
    sha256: await checkpoint.sha256(),
    config: definition.computed,
  };
}

/** Id and commit, where a model is one of the hub: that is how another machine finds it. */
export function originOf(path: string): Pick<ModelSource, 'hub'> {
  const hub = hubOrigin(path);
  return hub === undefined ? {} : { hub };
}

/** Fields of two configs that differ, as `field value`, theirs and ours: empty when they compute the same. */
export function differingConfig(
  theirs: NonNullable<ModelSource['config']>,
  ours: NonNullable<ModelSource['config']>,
): { readonly theirs: string; readonly ours: string } | null {
  const fields = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  const differing = fields.filter((field) => theirs[field] !== ours[field]);
  if (differing.length === 0) return null;
  const list = (config: Readonly<Record<string, unknown>>) =>
    differing.map((field) => `${field} ${config[field] ?? '-'}`).join(', ');
  return { theirs: list(theirs), ours: list(ours) };
}
