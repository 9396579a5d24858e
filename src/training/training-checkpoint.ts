/**
 * The state of a run in one file, `training.safetensors`: weights and optimizer moments, and in the header's
 * metadata the step, the generator's state, the place in the data and what the run was asked for.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readSafetensorsHeader, readWeight, writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { parseJson } from '../files/index.ts';
import type { ModelDefinition } from '../models/index.ts';
import { float32, isRngState, sizeOf } from '../numeric/index.ts';
import type { AdamWState } from './adamw.ts';

const FILE = 'training.safetensors';
const PARTS = ['weights', 'first', 'second'] as const;

const progressSchema = z.strictObject({
  step: z.int().nonnegative(),
  /** State of the generator that the order of the data comes from. */
  rng: z.array(z.number()).refine(isRngState, 'no state of a generator'),
  /** Sequences taken from the stream so far. */
  sequencesTaken: z.int().nonnegative(),
  /** Everything that decides the run's numbers, as given by the caller. */
  settings: z.record(z.string(), z.union([z.number(), z.string()])),
});

export interface TrainingState {
  readonly weights: Record<string, Float32Array>;
  readonly optimizer: AdamWState;
  readonly rng: readonly number[];
  readonly sequencesTaken: number;
}

export type Settings = Readonly<Record<string, number | string>>;

/** Whether the folder holds a state to resume from. */
export const hasTrainingState = (folder: string): boolean => existsSync(join(folder, FILE));

/** Writes the state, whole or not at all, over the one before. Throws `UserError` `cannot-write`. */
export async function saveTrainingState(
  folder: string,
  definition: ModelDefinition,
  state: TrainingState,
  settings: Settings,
): Promise<void> {
  const { weights, optimizer } = state;
  const parts = { weights, first: optimizer.first, second: optimizer.second };
  const tensors = PARTS.flatMap((part) =>
    definition.weights.map(
      ({ name, shape }) => [`${part}/${name}`, float32(shape, parts[part][name]!)] as const,
    ),
  );
  const progress = JSON.stringify({
    step: optimizer.step,
    rng: state.rng,
    sequencesTaken: state.sequencesTaken,
    settings,
  });
  await writeSafetensors(join(folder, FILE), Object.fromEntries(tensors), { progress });
}

/**
 * Reads the state of a run that was asked for the same; `warn` is told what one of an older version does not say.
 * Throws {@link UserError} `no-checkpoint`, `checkpoint-invalid`, `checkpoint-of-another-run`.
 */
export function loadTrainingState(
  folder: string,
  definition: ModelDefinition,
  settings: Settings,
  warn: (text: string) => void,
): TrainingState {
  const path = join(folder, FILE);
  refuseNothingToResume(folder);
  const { tensors, metadata } = readSafetensorsHeader(path);
  const progress = parseProgress(path, metadata.progress);
  checkSettings(path, progress.settings, settings, warn);
  const source = { path, weights: tensors };
  const readOne = (name: string, shape: readonly number[]) => {
    const values = readWeight(source, name);
    if (values.length === sizeOf(shape)) return values;
    throw invalid(path, `${name} of ${values.length} numbers, not ${sizeOf(shape)}`);
  };
  const read = (part: (typeof PARTS)[number]) =>
    Object.fromEntries(
      definition.weights.map(({ name, shape }) => [name, readOne(`${part}/${name}`, shape)]),
    );
  return {
    weights: read('weights'),
    optimizer: { step: progress.step, first: read('first'), second: read('second') },
    rng: progress.rng,
    sequencesTaken: progress.sequencesTaken,
  };
}

/** Throws {@link UserError} `no-checkpoint` unless the folder holds a state. */
export function refuseNothingToResume(folder: string): void {
  if (hasTrainingState(folder)) return;
  throw new UserError('no-checkpoint', {
    what: `There is nothing to resume in ${folder}.`,
    expected: join(folder, FILE),
    fix: 'name the folder of an interrupted run with --out, or start without --resume',
  });
}

function parseProgress(path: string, text: string | undefined): z.infer<typeof progressSchema> {
  try {
    return progressSchema.parse(parseJson(text ?? ''));
  } catch (error) {
    throw invalid(path, text?.slice(0, 80) ?? 'no progress in its metadata', error);
  }
}

function invalid(path: string, got: string, cause?: unknown): UserError {
  return new UserError(
    'checkpoint-invalid',
    {
      what: `${path} is not the state of this training run.`,
      got,
      fix: 'remove it and start without --resume',
    },
    { cause },
  );
}

function checkSettings(path: string, saved: Settings, asked: Settings, warn: (text: string) => void): void {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(asked)])];
  // States of older versions do not tell what the tokenizer made of the text.
  const unknown = saved.tokens === undefined && asked.tokens !== undefined ? 'tokens' : null;
  if (unknown !== null)
    warn(`${path} is of an older version: whether the tokenizer is still the same is unknown.`);
  const differing = names.filter((name) => saved[name] !== asked[name] && name !== unknown);
  if (differing.length === 0) return;
  const list = (settings: Settings) => differing.map((name) => `${name} ${settings[name] ?? '-'}`).join(', ');
  throw new UserError('checkpoint-of-another-run', {
    what: `${path} belongs to a run with other settings.`,
    got: list(asked),
    expected: list(saved),
    fix: 'resume with the settings that the run began with, or choose another folder with --out',
  });
}
