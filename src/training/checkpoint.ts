/**
 * The state of a run in one file, `checkpoint.safetensors`: what is trained, optimizer moments, the arrays that were
 * measured last, and in the header's metadata the step, the place in the data and what the run was asked for. Every
 * random stream is a function of the seed and the step, so the seed among the settings is the state of all of them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readSafetensorsHeader, readWeight, writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { parseJson } from '../files/index.ts';
import { float32, sizeOf, type Tensor } from '../numeric/index.ts';
import type { TrainingState } from './loop.ts';
import type { NamedArrays } from './named-arrays.ts';
import type { OptimizerState } from './optimizer.ts';

const FILE = 'checkpoint.safetensors';
/** Of pretrainings before version 2. */
const OLDER_FILE = 'training.safetensors';

/** Raised when a run would go on otherwise than it began: version 1 had learning rates one step ahead in a warm-up. */
const VERSION = 2;

const progressSchema = z.strictObject({
  /** Absent in version 1. */
  version: z.literal(VERSION).optional(),
  step: z.int().nonnegative(),
  /** Sequences taken from the stream so far. */
  sequencesTaken: z.int().nonnegative(),
  /** Everything that decides the run's numbers. */
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
});
type Progress = z.infer<typeof progressSchema>;
export type CheckpointSettings = Progress['settings'];

export interface CheckpointState extends TrainingState {
  /** Trained arrays as they were measured last, with which the next measurement compares; none before the first. */
  measured?: NamedArrays | undefined;
}

/** What is trained, by name, with the shapes that files have. */
export type TrainedTensors = Readonly<Record<string, Tensor>>;

/** Whether the folder holds a state to resume from. */
export const hasCheckpoint = (folder: string): boolean => existsSync(join(folder, FILE));

/** Whether it holds one, or one that only an older version can resume from. */
export const hasAnyCheckpoint = (folder: string): boolean =>
  hasCheckpoint(folder) || existsSync(join(folder, OLDER_FILE));

/** Throws {@link UserError} `no-checkpoint` or `checkpoint-of-older-version` unless the folder holds a state. */
export function refuseNothingToResume(folder: string): void {
  if (hasCheckpoint(folder)) return;
  if (hasAnyCheckpoint(folder))
    throw olderVersion(join(folder, OLDER_FILE), 'a state in the form of version 0.1');
  throw new UserError('no-checkpoint', (option) => ({
    what: `There is nothing to resume in ${folder}.`,
    expected: join(folder, FILE),
    fix: `name the folder of an interrupted run, or start without ${option('resume')}`,
  }));
}

/** Writes the state, whole or not at all, over the one before. Throws `UserError` `cannot-write`. */
export async function saveCheckpoint(
  folder: string,
  trained: TrainedTensors,
  { optimizer, sequencesTaken, measured }: CheckpointState,
  settings: CheckpointSettings,
): Promise<void> {
  const parts = { first: optimizer.first, second: optimizer.second, measured: measured ?? {} };
  const tensors: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(trained)) {
    tensors[`trained/${name}`] = tensor;
    for (const [part, arrays] of Object.entries(parts)) {
      const values = arrays[name];
      if (values !== undefined) tensors[`${part}/${name}`] = float32(tensor.shape, values);
    }
  }
  const progress: Progress = { version: VERSION, step: optimizer.step, sequencesTaken, settings };
  await writeSafetensors(join(folder, FILE), tensors, { progress: JSON.stringify(progress) });
}

/**
 * Reads the state of a run that was asked for the same, and puts what it trained into `trained`.
 *
 * @param empty the optimizer's state at its start, which tells the moments to expect.
 * @param warn told what a state of an older version does not say.
 * @throws UserError `checkpoint-invalid`, `checkpoint-of-another-run`, `checkpoint-of-older-version`.
 */
export function loadCheckpoint(
  folder: string,
  trained: TrainedTensors,
  empty: OptimizerState,
  settings: CheckpointSettings,
  warn: (text: string) => void,
): CheckpointState {
  const path = join(folder, FILE);
  const { tensors, metadata } = readSafetensorsHeader(path);
  const progress = parseProgress(path, metadata.progress);
  const { version, step, sequencesTaken } = progress;
  checkSettings(path, progress.settings, settings, warn);
  if (version === undefined && step < Number(settings.warmup ?? 0))
    throw olderVersion(path, `step ${step} of a warm-up of ${settings.warmup}`);
  const source = { path, weights: tensors };
  const read = (name: string, length: number): Float32Array => {
    const place = tensors.get(name);
    if (place === undefined) throw invalid(path, `no ${name}`);
    const size = sizeOf(place.shape);
    if (size !== length) throw invalid(path, `${name} of ${size} numbers, not ${length}`);
    return readWeight(source, name);
  };
  for (const [name, { data }] of Object.entries(trained))
    (data as Float32Array).set(read(`trained/${name}`, data.length));
  for (const moment of ['first', 'second'] as const) {
    for (const [name, values] of Object.entries(empty[moment]))
      values.set(read(`${moment}/${name}`, values.length));
  }
  const wasMeasured = [...tensors.keys()].some((name) => name.startsWith('measured/'));
  const measured = wasMeasured
    ? Object.fromEntries(
        Object.entries(trained).map(([name, { data }]) => [name, read(`measured/${name}`, data.length)]),
      )
    : undefined;
  return { optimizer: { ...empty, step }, sequencesTaken, measured };
}

function parseProgress(path: string, text: string | undefined): Progress {
  try {
    return progressSchema.parse(parseJson(text ?? ''));
  } catch (error) {
    throw invalid(path, text?.slice(0, 80) ?? 'no progress in its metadata', error);
  }
}

function invalid(path: string, got: string, cause?: unknown): UserError {
  return new UserError(
    'checkpoint-invalid',
    (option) => ({
      what: `${path} is not the state of this training run`,
      got,
      fix: `choose another folder, and start without ${option('resume')}`,
    }),
    { cause },
  );
}

function olderVersion(path: string, got: string): UserError {
  return new UserError('checkpoint-of-older-version', {
    what: `${path} is of an older version, whose learning rates were one step ahead: it would go on otherwise than it began`,
    got,
    expected: 'a state of this version',
    fix: 'finish the run with the version that began it, or start again in another folder',
  });
}

/** What states of older versions do not hold. */
const ADDED = ['config', 'tokens', 'evalTokens'];

function checkSettings(
  path: string,
  saved: CheckpointSettings,
  asked: CheckpointSettings,
  warn: (text: string) => void,
): void {
  const unknown = ADDED.filter((name) => asked[name] !== undefined && saved[name] === undefined);
  if (unknown.length > 0)
    warn(`${path} is of an older version: whether config and tokenizer are still the same is unknown.`);
  const names = [...new Set([...Object.keys(saved), ...Object.keys(asked)])];
  const differing = names.filter((name) => saved[name] !== asked[name] && !unknown.includes(name));
  if (differing.length === 0) return;
  const list = (settings: CheckpointSettings) =>
    differing.map((name) => `${name} ${settings[name] ?? '-'}`).join(', ');
  throw new UserError('checkpoint-of-another-run', {
    what: `${path} belongs to a run with other settings`,
    got: list(asked),
    expected: list(saved),
    fix: 'resume with the settings that the run began with, or choose another folder',
  });
}
