/** Which model a command with adapters works on. */
import { existsSync } from 'node:fs';
import { UserError } from '../errors/index.ts';
import { placeOf, readAdapterRecord } from '../record/index.ts';
import { bundledModel } from './package-info.ts';

/**
 * The model: the one that is named, else the one that the first adapter was trained on, by its id and commit where it is
 * of the hub and not in the cache any more, else the bundled one. Throws {@link UserError} `model-not-found`, and those of `readAdapterRecord`.
 */
export function chooseBaseModel(given: string | undefined, adapters: readonly string[]): string {
  if (given !== undefined) return given;
  if (adapters.length === 0) return bundledModel();
  const { model } = readAdapterRecord(adapters[0]!);
  if (existsSync(model.path)) return model.path;
  if (model.hub !== undefined) return placeOf(model);
  throw new UserError('model-not-found', {
    what: `The model that ${adapters[0]} was trained on is not where it was.`,
    got: `nothing at ${model.path}`,
    expected: `the model ${model.name}`,
    fix: 'say where it is now: with --model to export, as the first argument otherwise',
  });
}
