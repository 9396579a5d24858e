/** What a run's settings computed with, beside weights and text, kept so that a run goes on with the same only. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors/index.ts';
import { readJsonObject, SIZE_LIMITS } from '../files/index.ts';
import { differingConfig } from '../models/index.ts';
import { type ModelSource, writeJsonAtomic } from '../record/index.ts';
import type { PreparedSetting } from './settings.ts';
import { TRIALS_FILE } from './trial-store.ts';

export interface SettingIdentity {
  /** All of the model's config that numbers depend on. */
  readonly config: NonNullable<ModelSource['config']>;
  /** Of what the tokenizer made of the text. */
  readonly tokensSha256: string;
}

const FILE = 'settings.json';

const schema = z.record(
  z.string(),
  z.strictObject({
    config: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
    tokensSha256: z.string(),
  }),
);

/**
 * Holds the settings of a run against those that it began with, and keeps them beside its trials. Trials are known by
 * weights and text alone: another config or tokenizer would be mixed in.
 * Throws {@link UserError} `run-of-another-model`, `record-invalid`, `cannot-write`.
 */
export function keepIdentities(
  directory: string,
  settings: readonly Pick<PreparedSetting, 'setting' | 'contents' | 'identity'>[],
): void {
  const path = join(directory, FILE);
  const kept = readIdentities(path);
  for (const { setting, contents, identity } of settings) {
    // Other weights or another text are other trials.
    const name = `${setting.name} ${contents.map((hash) => hash.slice(0, 16)).join(' ')}`;
    const before = kept[name];
    if (before !== undefined) checkSame(directory, before, identity);
    kept[name] = identity;
  }
  if (!existsSync(path) && existsSync(join(directory, TRIALS_FILE)))
    process.emitWarning(
      `${directory} was begun by an older version: whether config and tokenizer are still the same is unknown.`,
    );
  writeJsonAtomic(path, kept);
}

function readIdentities(path: string): Record<string, SettingIdentity> {
  if (!existsSync(path)) return {};
  const invalid = { code: 'record-invalid', fix: 'choose another folder' };
  const parsed = schema.safeParse(readJsonObject(path, { limit: SIZE_LIMITS.record, ...invalid }));
  if (parsed.success) return parsed.data;
  throw new UserError(invalid.code, {
    what: `${path} does not hold the settings of a run`,
    got: z.prettifyError(parsed.error).split('\n'),
    fix: invalid.fix,
  });
}

function checkSame(directory: string, before: SettingIdentity, now: SettingIdentity): void {
  const differing = differingConfig(before.config, now.config);
  if (differing === null && before.tokensSha256 === now.tokensSha256) return;
  throw new UserError('run-of-another-model', {
    what: `the trials in ${directory} were made with another ${differing === null ? 'tokenizer' : 'config'}`,
    got: differing?.ours ?? `token ids with sha256 ${now.tokensSha256.slice(0, 12)}…`,
    expected: differing?.theirs ?? `sha256 ${before.tokensSha256.slice(0, 12)}…`,
    fix: 'put back the files that the run began with, or choose another folder',
  });
}
