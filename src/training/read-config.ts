/** A model that has a config but no weights yet. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors/index.ts';
import type { ModelDefinition } from '../models/index.ts';
import { findArchitecture } from '../models/index.ts';

export interface ModelConfig {
  /** config.json as it stands. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly definition: ModelDefinition;
}

/** Reads a Hugging Face config.json. Throws {@link UserError} `config-not-found`, `config-invalid`, `architecture-unknown`. */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      'config-not-found',
      { what: `The config ${path} cannot be read.`, got: String(error.code), fix: 'check the path' },
      { cause: error },
    );
  });
  const config = parseObject(path, text);
  return { config, definition: findArchitecture(config, path).define(config) };
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new UserError('config-invalid', {
    what: `${path} is not a JSON object.`,
    got: text.slice(0, 60),
    expected: 'a Hugging Face config.json',
    fix: 'save it again from the model that it describes',
  });
}
