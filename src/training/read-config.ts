/** A model that has a config but no weights yet. */
import { totalmem } from 'node:os';
import { UserError } from '../errors/index.ts';
import { readJsonObject, SIZE_LIMITS } from '../files/index.ts';
import { findArchitecture, type ModelDefinition } from '../models/index.ts';
import { sizeOf } from '../numeric/index.ts';

export interface ModelConfig {
  /** config.json as it stands. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly definition: ModelDefinition;
}

const CONFIG_FILE = {
  limit: SIZE_LIMITS.config,
  code: 'config-invalid',
  fix: 'give the config.json of a Hugging Face model',
};

/**
 * Reads a Hugging Face config.json. Throws {@link UserError} `file-not-found`, `config-invalid`, `config-unsupported`,
 * `architecture-unknown`, and `model-too-large` for one whose training would not fit into the machine's memory.
 */
export function readModelConfig(path: string): ModelConfig {
  const config = readJsonObject(path, CONFIG_FILE);
  const definition = findArchitecture(config, path).define(config);
  checkMemory(path, definition);
  return { config, definition };
}

/** Weights, their gradients and AdamW's two moments, in float32. */
const BYTES_PER_PARAMETER = 16;

function checkMemory(path: string, { weights }: ModelDefinition): void {
  const parameters = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const most = Math.floor(totalmem() / BYTES_PER_PARAMETER);
  if (parameters <= most) return;
  throw new UserError('model-too-large', {
    what: `The model of ${path} is too large to be trained on this machine.`,
    got: `${parameters} parameters, which take ${BYTES_PER_PARAMETER} bytes each`,
    expected: `at most ${most}`,
    fix: 'make the sizes in the config smaller',
  });
}
