/**
 * The state of a training run in one file, `checkpoint.safetensors`: trained parameters, optimizer moments, the
 * parameters that were measured last, and in the header's metadata the step, the place in the data and what the run
 * was asked for. Every random stream is a function of the seed and the step, so the seed among the settings is the
 * state of all of them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type LayerAdapter, tensorName, trainedArrays } from '../adapters/index.ts';
import { readTensors, writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { parseJson } from '../files/index.ts';
import { float32, type Tensor } from '../numeric/index.ts';
import type { AdamWState } from './adamw.ts';

const FILE = 'checkpoint.safetensors';

const progressSchema = z.strictObject({
  step: z.int().nonnegative(),
  /** Sequences taken from the stream so far. */
  sequencesTaken: z.int().nonnegative(),
  /** Everything that decides the run's numbers. */
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
});
type Progress = z.infer<typeof progressSchema>;
export type CheckpointSettings = Progress['settings'];

export interface TrainState {
  readonly optimizer: AdamWState;
  sequencesTaken: number;
  /** Trained arrays as they were measured last, with which the next measurement compares; none before the first. */
  measured?: Readonly<Record<string, Float32Array>> | undefined;
}

/** Whether the folder holds a state to resume from. */
export const hasCheckpoint = (folder: string): boolean => existsSync(join(folder, FILE));

/** Writes the state, whole or not at all, over the one before. Throws `UserError` `cannot-write`. */
export async function saveCheckpoint(
  folder: string,
  layers: readonly LayerAdapter[],
  { optimizer, sequencesTaken, measured }: TrainState,
  settings: CheckpointSettings,
): Promise<void> {
  const tensors: Record<string, Tensor> = {};
  for (const { layer, trained } of layers) {
    for (const [part, tensor] of Object.entries(trained)) {
      const name = tensorName(layer.name, part);
      tensors[`trained/${name}`] = tensor;
      for (const moment of ['first', 'second'] as const) {
        const values = optimizer[moment][name];
        if (values !== undefined) tensors[`${moment}/${name}`] = float32(tensor.shape, values);
      }
      if (measured !== undefined) tensors[`measured/${name}`] = float32(tensor.shape, measured[name]!);
    }
  }
  const progress = JSON.stringify({ step: optimizer.step, sequencesTaken, settings });
  await writeSafetensors(join(folder, FILE), tensors, { progress });
}

/**
 * Reads the state of a run that was asked for the same, and puts its parameters into the adapters.
 *
 * @param empty the optimizer's state at its start, which tells the moments to expect.
 * @param warn told what a state of an older version does not say.
 * @throws UserError `checkpoint-invalid`, `checkpoint-of-another-run`.
 */
export function loadCheckpoint(
  folder: string,
  layers: readonly LayerAdapter[],
  empty: AdamWState,
  settings: CheckpointSettings,
  warn: (text: string) => void,
): TrainState {
  const path = join(folder, FILE);
  const { tensors, metadata } = readTensors(path);
  const { step, sequencesTaken, settings: saved } = parseProgress(path, metadata.progress);
  const read = (name: string, length: number): Float32Array => {
    const data = tensors.get(name)?.data;
    if (data?.length === length) return data as Float32Array;
    throw invalid(
      path,
      data === undefined ? `no ${name}` : `${name} of ${data.length} numbers, not ${length}`,
    );
  };
  checkSettings(path, saved, settings, warn);
  for (const { layer, trained } of layers) {
    for (const [part, { data }] of Object.entries(trained))
      (data as Float32Array).set(read(`trained/${tensorName(layer.name, part)}`, data.length));
  }
  for (const moment of ['first', 'second'] as const) {
    for (const [name, values] of Object.entries(empty[moment]))
      values.set(read(`${moment}/${name}`, values.length));
  }
  const wasMeasured = [...tensors.keys()].some((name) => name.startsWith('measured/'));
  const measured = wasMeasured
    ? Object.fromEntries(
        Object.entries(trainedArrays({ layers })).map(([name, { length }]) => [
          name,
          read(`measured/${name}`, length),
        ]),
      )
    : undefined;
  return { optimizer: { ...empty, step }, sequencesTaken, measured };
}

function parseProgress(path: string, text: string | undefined): Progress {
  try {
    return progressSchema.parse(parseJson(text ?? ''));
  } catch {
    throw invalid(path, text?.slice(0, 80) ?? 'no progress in its metadata');
  }
}

function invalid(path: string, got: string): UserError {
  return new UserError('checkpoint-invalid', {
    what: `${path} is not the state of this training run`,
    got,
    fix: 'choose another folder with --out and start without --resume',
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
  const unknown = ADDED.filter((name) => saved[name] === undefined);
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
    fix: 'resume with the settings that the run began with, or choose another folder with --out',
  });
}
