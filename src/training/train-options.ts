/** What a training run can be asked, with its defaults, checked against the model. */
import { isLowRank } from '../adapters/index.ts';
import { fitContext, type MemoryUse, type Progress } from '../coverage/index.ts';
import { type ErrorParts, type SayOption, UserError } from '../errors/index.ts';
import type { FolderLock } from '../files/index.ts';
import type { Model } from '../models/index.ts';
import { type OptionValues, resolveOptions } from '../options/index.ts';
import { type AutomaticRate, TRAIN_OPTIONS, type TrainMetrics, type TrainSettings } from '../record/index.ts';
import type { Receipt } from '../text/index.ts';
import { refuseOtherOptimizers } from './learning-rate/index.ts';

/** Those of the table, with its defaults (`docs/options.md`), and what only a program can give. */
export interface TrainOptions extends OptionValues<typeof TRAIN_OPTIONS> {
  /** Folder of the run: adapter, checkpoint, metrics; made when it is missing. */
  readonly directory: string;
  /** On the folder, when the caller holds it; otherwise the run takes it. */
  readonly lock?: FolderLock;
  /** Called before anything is made, with the estimate of the peak memory and what is done to keep within the bound. */
  readonly onMemory?: (use: MemoryUse) => void;
  /** Go on from the checkpoint in `directory`; a run that was stopped before its first begins again. */
  readonly resume?: boolean;
  /** Ends the run after the step in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called when a text has been read, with what became of it. */
  readonly onReceipt?: (path: string, receipt: Receipt) => void;
  /** Called as frames are made. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called when the run has found its learning rate, where it was asked to. */
  readonly onLearningRate?: (rate: AutomaticRate) => void;
  /** Called once, before the first step of this process. */
  readonly onStart?: (steps: number) => void;
  /** Called after every step, and after the evaluation before the first. */
  readonly onStep?: (metrics: TrainMetrics) => void;
}

/** Settings whose number of steps waits for the length of the text. */
export type ResolvedOptions = Omit<TrainSettings, 'steps' | 'plan'>;

/** @throws UserError `option-out-of-range`, `options-conflict`. */
export function resolveTrainOptions(model: Model, options: TrainOptions): ResolvedOptions {
  const { plan, steps, epochs, evalData, memory, checkpointEvery, loraAlpha, ...rest } = resolveOptions(
    TRAIN_OPTIONS,
    options,
  );
  const { textField, promptField, completionField, chatTemplate, ...given } = rest;
  const settings: ResolvedOptions = {
    ...given,
    // Plain LoRA by its name is a family and where it starts, unless another start is asked for.
    ...(given.adapter === 'lora'
      ? { adapter: 'factors', basis: options.basis ?? 'random' }
      : { adapter: given.adapter }),
    scale: loraAlpha === undefined ? given.scale : loraAlpha / given.rank,
    seqLen: fitContext(options.seqLen, given.seqLen, model.definition.contextLength),
    compute: model.compute,
    ...(model.int8Kernel !== undefined && { int8Kernel: model.int8Kernel }),
    evalEvery: given.evalEvery ?? null,
    coverageEvery: given.coverageEvery ?? null,
  };
  checkTogether(options, settings);
  return settings;
}

function checkTogether(
  options: TrainOptions,
  { adapter, dropout, learningRate, optimizer }: ResolvedOptions,
): void {
  if (learningRate === 'auto') refuseOtherOptimizers(optimizer);
  if (options.steps !== undefined && options.epochs !== undefined)
    throw conflict((option) => ({
      what: `${option('steps')} and ${option('epochs')} cannot be used together`,
      got: 'both',
      expected: 'one of them',
      fix: 'leave one out',
    }));
  if (options.scale !== undefined && options.loraAlpha !== undefined)
    throw conflict((option) => ({
      what: `${option('scale')} and ${option('loraAlpha')} cannot be used together`,
      got: 'both',
      expected: `one of them: ${option('scale')} is ${option('loraAlpha')} / ${option('rank')}`,
      fix: 'leave one out',
    }));
  const given = ['adapter', 'basis', 'rank', 'loraAlpha'].filter(
    (name) => options[name as keyof TrainOptions] !== undefined,
  );
  if (options.plan !== undefined && given.length > 0)
    throw conflict((option) => ({
      what: `${option('plan')} cannot be used so`,
      got: `${given.map(option).join(', ')} as well`,
      expected: `a plan alone: it gives rank, basis and family of every layer; ${option('scale')} goes for all`,
      fix: 'leave them out',
    }));
  if (options.evalEvery !== undefined && options.evalData === undefined)
    throw conflict((option) => ({
      what: `${option('evalEvery')} cannot be used so`,
      got: `no ${option('evalData')}`,
      expected: 'a text to evaluate on',
      fix: `name it with ${option('evalData')}`,
    }));
  if (!isLowRank(adapter) && dropout > 0)
    throw conflict((option) => ({
      what: `${option('dropout')} cannot be used so`,
      got: `${dropout} with ${option('adapter')} ${adapter}`,
      expected: 'an adapter with hidden values to drop',
      fix: `leave ${option('dropout')} out`,
    }));
}

const conflict = (parts: (option: SayOption) => ErrorParts) => new UserError('options-conflict', parts);
