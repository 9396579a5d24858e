/** What can be said of a model by its config alone, before its weights are downloaded. */
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { readJsonObject, SIZE_LIMITS } from '../files/index.ts';
import { findArchitecture } from './architectures/index.ts';

/** More layers than any model has: how many are stored is not known yet. */
const LAYER_LIMIT = 10_000;

/**
 * Refuses the config of a model that no weights could make computable. Whatever may follow from weights is left to
 * the opening. Throws {@link UserError} `architecture-unknown`, `config-unsupported`, `config-invalid`.
 */
export function refuseEarly(folder: string): void {
  const path = join(folder, 'config.json');
  const fix = 'choose another revision, or another model';
  const config = readJsonObject(path, { limit: SIZE_LIMITS.config, code: 'config-invalid', fix });
  const architecture = findArchitecture(config, folder);
  try {
    architecture.define(config, LAYER_LIMIT);
  } catch (error) {
    if (!(error instanceof UserError) || error.code === 'config-unsupported') throw error;
  }
}
