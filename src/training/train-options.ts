/** What a training run can be asked, with its defaults, checked against the model. */
import { isLowRank } from '../adapters/index.ts';
import type { MemoryUse, Progress } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import type { FolderLock } from '../files/index.ts';
import type { Model, Receipt } from '../models/index.ts';
import type { AdapterFamily, OptimizerName, Schedule, TrainMetrics, TrainSettings } from '../record/index.ts';

export interface TrainOptions {
  /** Folder of the run: adapter, checkpoint, metrics; made when it is missing. */
  readonly directory: string;
  /** On the folder, when the caller holds it; otherwise the run takes it. */
  readonly lock?: FolderLock;
  /** Default core. */
  readonly adapter?: AdapterFamily;
  /** A basis, or a frames file as `probe --save-frames` writes it: `FILE` or `FILE#LABEL`. Default svd. */
  readonly basis?: string;
  /** Default 16; a layer with a smaller side takes less. */
  readonly rank?: number;
  /** A plan file with rank, basis and family per layer, instead of the three above. */
  readonly plan?: string;
  /** Glob over module names, as in a probe; default `*`. */
  readonly layers?: string;
  /** Factor of ΔW; default 1. */
  readonly scale?: number;
  /** Start of cores: zero (default), or noise of N(0, 1e-5²). */
  readonly start?: 'zero' | 'noise';
  /** Optimizer steps; default one epoch. */
  readonly steps?: number;
  /** Passes over the text, instead of steps. */
  readonly epochs?: number;
  /** Sequences of a pass; default 4. */
  readonly batchSize?: number;
  /** Passes of a step; default 1. */
  readonly accumulation?: number;
  /** Tokens of a sequence; default 256, or the model's context if that is shorter. */
  readonly seqLen?: number;
  /** Pack documents into full sequences (default), or pad each one. */
  readonly pack?: boolean;
  /** Default adamw, with β 0.9 and 0.999, ε 1e-8; sgd is without momentum. */
  readonly optimizer?: OptimizerName;
  /** Highest learning rate; default 1e-3. */
  readonly learningRate?: number;
  /** Fall after the warm-up; default cosine. */
  readonly schedule?: Schedule;
  /** Steps of linear warm-up; default 0. */
  readonly warmup?: number;
  /** Of every trained parameter: decoupled for adamw, added to the gradient for sgd. Default 0. */
  readonly weightDecay?: number;
  /** Largest norm of the gradient of all trained parameters; default 1; null for no limit. */
  readonly clip?: number | null;
  /** Share of the K hidden values between the adapter's two sides that is dropped per token; default 0. */
  readonly dropout?: number;
  /** Batches that data-driven bases are made from, of the training text; default 16. */
  readonly calibrationBatches?: number;
  /** λ of natural frames and ν; default 0.3. */
  readonly ridge?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Most memory that the process may take, bytes; default 80 % of what is free. */
  readonly memory?: number;
  /** Called before anything is made, with the estimate of the peak memory and what is done to keep within the bound. */
  readonly onMemory?: (use: MemoryUse) => void;
  /** Text to evaluate on, at the start and at the end. */
  readonly evalData?: string;
  /** Evaluate every so many steps as well. */
  readonly evalEvery?: number;
  /** Measure coverage at step 1 and every so many steps. */
  readonly coverageEvery?: number;
  /** Steps between checkpoints; default 100. One more is written at the end or on abort. */
  readonly checkpointEvery?: number;
  /** Go on from the checkpoint in `directory`; a run that was stopped before its first begins again. */
  readonly resume?: boolean;
  /** Ends the run after the step in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called when a text has been read, with what became of it. */
  readonly onReceipt?: (path: string, receipt: Receipt) => void;
  /** Called as frames are made. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called once, before the first step of this process. */
  readonly onStart?: (steps: number) => void;
  /** Called after every step, and after the evaluation before the first. */
  readonly onStep?: (metrics: TrainMetrics) => void;
}

/** Settings whose number of steps waits for the length of the text. */
export type ResolvedOptions = Omit<TrainSettings, 'steps' | 'plan'>;

/** @throws UserError `option-out-of-range`, `options-conflict`. */
export function resolveTrainOptions(model: Model, options: TrainOptions): ResolvedOptions {
  const { contextLength } = model.definition;
  const basis = options.basis ?? 'svd';
  const settings: ResolvedOptions = {
    adapter: options.adapter ?? 'core',
    basis,
    rank: options.rank ?? 16,
    layers: options.layers ?? '*',
    scale: options.scale ?? 1,
    start: options.start ?? 'zero',
    batchSize: options.batchSize ?? 4,
    accumulation: options.accumulation ?? 1,
    seqLen: options.seqLen ?? Math.min(256, contextLength),
    pack: options.pack ?? true,
    optimizer: options.optimizer ?? 'adamw',
    learningRate: options.learningRate ?? 1e-3,
    schedule: options.schedule ?? 'cosine',
    warmup: options.warmup ?? 0,
    weightDecay: options.weightDecay ?? 0,
    clip: options.clip === undefined ? 1 : options.clip,
    dropout: options.dropout ?? 0,
    calibrationBatches: options.calibrationBatches ?? 16,
    ridge: options.ridge ?? 0.3,
    compute: model.compute,
    ...(model.int8Kernel !== undefined && { int8Kernel: model.int8Kernel }),
    seed: options.seed ?? 0,
    evalEvery: options.evalEvery ?? null,
    coverageEvery: options.coverageEvery ?? null,
  };
  const whole = (name: string, value: number | null | undefined, least: number) => {
    if (value == null || (Number.isInteger(value) && value >= least)) return;
    throw outOfRange(name, value, `a whole number from ${least}`);
  };
  for (const name of ['rank', 'batchSize', 'accumulation', 'calibrationBatches'] as const)
    whole(name, settings[name], 1);
  for (const name of ['steps', 'evalEvery', 'coverageEvery', 'checkpointEvery'] as const)
    whole(name, options[name], 1);
  whole('warmup', settings.warmup, 0);
  const number = (name: string, value: number, holds: boolean, expected: string) => {
    if (!Number.isFinite(value) || !holds) throw outOfRange(name, value, expected);
  };
  for (const name of ['learningRate', 'scale', 'ridge'] as const)
    number(name, settings[name], settings[name] > 0, 'a number above 0');
  if (settings.clip !== null) number('clip', settings.clip, settings.clip > 0, 'a number above 0');
  if (options.epochs !== undefined) number('epochs', options.epochs, options.epochs > 0, 'a number above 0');
  number('weightDecay', settings.weightDecay, settings.weightDecay >= 0, 'a number, 0 or more');
  number('dropout', settings.dropout, settings.dropout >= 0 && settings.dropout < 1, 'from 0, below 1');
  if (!(Number.isInteger(settings.seqLen) && settings.seqLen >= 2 && settings.seqLen <= contextLength))
    throw outOfRange(
      'seqLen',
      settings.seqLen,
      `a whole number from 2 to the model's context of ${contextLength}`,
    );
  checkTogether(options, settings);
  return settings;
}

function checkTogether(options: TrainOptions, { adapter, dropout }: ResolvedOptions): void {
  if (options.steps !== undefined && options.epochs !== undefined)
    throw conflict('--steps and --epochs', 'both', 'one of them', 'leave one out');
  const given = ['adapter', 'basis', 'rank'].filter(
    (name) => options[name as keyof TrainOptions] !== undefined,
  );
  if (options.plan !== undefined && given.length > 0)
    throw conflict(
      '--plan',
      `--${given.join(', --')} as well`,
      'a plan alone: it gives rank, basis and family of every layer',
      'leave them out',
    );
  if (options.evalEvery !== undefined && options.evalData === undefined)
    throw conflict('--eval-every', 'no --eval-data', 'a text to evaluate on', 'name it with --eval-data');
  if (!isLowRank(adapter) && dropout > 0)
    throw conflict(
      '--dropout',
      `${dropout} with --adapter ${adapter}`,
      'an adapter with hidden values to drop',
      'leave --dropout out',
    );
}

function outOfRange(option: string, got: number, expected: string): UserError {
  const names: Readonly<Record<string, string>> = { learningRate: 'lr' };
  const flag = names[option] ?? option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new UserError('option-out-of-range', {
    what: `--${flag} is out of range`,
    got: String(got),
    expected,
    fix: 'change the option',
  });
}

function conflict(what: string, got: string, expected: string, fix: string): UserError {
  return new UserError('options-conflict', { what: `${what} cannot be used so`, got, expected, fix });
}
