/**
 * The options of a training, from which the library's types, the flags and the settings of the record come: an option
 * is added here, and used where it acts.
 */
import { z } from 'zod';
import {
  aboveZeroOption,
  choiceOption,
  notBelowZeroOption,
  pathOption,
  toNumber,
  under,
  wholeOption,
} from '../options/index.ts';
import { ADAPTER_FAMILIES } from './adapter-record.ts';
import { BASES } from './bases.ts';
import { PROBE_OPTIONS } from './probe-options.ts';

const WHAT = 'What to train:';
const ON = 'What to train it on:';
const HOW = 'How to train it:';
const WATCH = 'What to watch:';
const OUTPUT = 'Output:';

export const SCHEDULES = ['cosine', 'linear', 'constant'] as const;
export const OPTIMIZERS = ['adamw', 'sgd'] as const;
const STARTS = ['zero', 'noise'] as const;

/** Those that decide a run's numbers: they stand in the record. */
export const TRAIN_SETTINGS = {
  adapter: choiceOption(
    'adapter',
    WHAT,
    `family: ${ADAPTER_FAMILIES.join(', ')}; or lora, which is factors that start on --basis random`,
    [...ADAPTER_FAMILIES, 'lora'],
    { default: 'core' },
  ),
  basis: {
    flags: '--basis <basis>',
    group: WHAT,
    help: `where its frames come from: ${BASES.join(', ')}, or FILE#LABEL as probe --save-frames writes it`,
    schema: z.string().min(1),
    expected: `one of ${BASES.join(', ')}, or a file`,
    example: '--basis natural',
    default: 'svd' as string,
  },
  rank: wholeOption('rank', WHAT, 'rank K; a layer with a smaller side takes less', 1, 16, {
    default: 16,
    aliases: ['r', 'lora-r', 'lora-rank'],
  }),
  layers: under(WHAT, PROBE_OPTIONS.layers),
  scale: aboveZeroOption('scale', WHAT, 'factor of the update; PEFT’s is alpha / r', 2, { default: 1 }),
  start: choiceOption('start', WHAT, 'start of cores: zero, or noise of 1e-5', STARTS, { default: 'zero' }),
  batchSize: wholeOption('batch-size', ON, 'sequences in a pass', 1, 4, {
    default: 4,
    aliases: ['per-device-train-batch-size', 'micro-batch-size'],
  }),
  accumulation: wholeOption('accumulation', ON, 'passes in a step', 1, 4, {
    default: 1,
    aliases: ['gradient-accumulation-steps', 'grad-accumulation-steps'],
  }),
  seqLen: under(ON, PROBE_OPTIONS.seqLen),
  pack: under(ON, PROBE_OPTIONS.pack),
  optimizer: choiceOption(
    'optimizer',
    HOW,
    'adamw (β 0.9 and 0.999, ε 1e-8), or sgd without momentum',
    OPTIMIZERS,
    {
      default: 'adamw',
    },
  ),
  learningRate: {
    flags: '--lr <x>',
    aliases: ['learning-rate'],
    group: HOW,
    help: 'highest learning rate; auto: by a law, from a few passes before the first step (AdamW)',
    schema: z.union([z.number().positive(), z.literal('auto')]),
    parse: toNumber,
    expected: 'a number above 0, or auto',
    example: '--lr auto',
    default: 1e-3 as number | 'auto',
  },
  schedule: choiceOption('schedule', HOW, `fall after the warm-up: ${SCHEDULES.join(', ')}`, SCHEDULES, {
    default: 'cosine',
    aliases: ['lr-scheduler-type', 'lr-scheduler'],
  }),
  warmup: wholeOption('warmup', HOW, 'steps of linear warm-up', 0, 10, {
    default: 0,
    aliases: ['warmup-steps'],
  }),
  weightDecay: notBelowZeroOption(
    'weight-decay',
    HOW,
    'of every trained parameter: decoupled for adamw, added to the gradient for sgd',
    0.01,
    { default: 0 },
  ),
  clip: {
    flags: '--clip <x>',
    aliases: ['max-grad-norm', 'gradient-clipping'],
    group: HOW,
    help: 'largest norm of the gradient; 0 for no limit',
    schema: z.preprocess((value) => (value === 0 ? null : value), z.number().positive().nullable()),
    parse: toNumber,
    expected: 'a number, 0 or more',
    example: '--clip 1',
    default: 1,
  },
  dropout: {
    flags: '--dropout <x>',
    aliases: ['lora-dropout'],
    group: HOW,
    help: 'share of the K values between the adapter’s sides that is dropped per token',
    schema: z.number().min(0).lt(1),
    parse: toNumber,
    expected: 'a number from 0, below 1',
    example: '--dropout 0.1',
    default: 0,
  },
  calibrationBatches: {
    ...under(ON, PROBE_OPTIONS.calibrationBatches),
    help: 'batches that data-driven bases are made from, of the training text',
  },
  ridge: under(HOW, PROBE_OPTIONS.ridge),
  seed: wholeOption('seed', HOW, 'order of the data, random frames, dropout', 0, 1, {
    default: 0,
    aliases: ['random-state'],
  }),
  evalEvery: wholeOption('eval-every', WATCH, 'evaluate every so many steps as well', 1, 50, {
    aliases: ['eval-steps', 'steps-per-eval'],
  }),
  coverageEvery: wholeOption(
    'coverage-every',
    WATCH,
    'measure coverage, effective ranks and directions every so many steps',
    1,
    10,
  ),
};

export const TRAIN_OPTIONS = {
  ...TRAIN_SETTINGS,
  loraAlpha: aboveZeroOption(
    'lora-alpha',
    WHAT,
    'instead of --scale: that becomes alpha / rank, as in PEFT',
    32,
    {
      aliases: ['alpha'],
    },
  ),
  textField: under(ON, PROBE_OPTIONS.textField),
  promptField: under(ON, PROBE_OPTIONS.promptField),
  completionField: under(ON, PROBE_OPTIONS.completionField),
  chatTemplate: under(ON, PROBE_OPTIONS.chatTemplate),
  memory: under(HOW, PROBE_OPTIONS.memory),
  plan: pathOption(
    '--plan <file>',
    WHAT,
    'rank, basis and family per layer instead (JSON)',
    '--plan plan.json',
  ),
  steps: wholeOption('steps', HOW, 'optimizer steps', 1, 400, {
    shownDefault: 'one epoch',
    aliases: ['max-steps', 'iters'],
  }),
  epochs: aboveZeroOption('epochs', HOW, 'passes over the text, instead of --steps', 2, {
    aliases: ['num-train-epochs', 'num-epochs'],
  }),
  evalData: pathOption(
    '--eval-data <file>',
    WATCH,
    'text to evaluate on, at the start and the end',
    '--eval-data held-out.txt',
  ),
  checkpointEvery: wholeOption('checkpoint-every', OUTPUT, 'steps between checkpoints', 1, 100, {
    default: 100,
    aliases: ['save-steps', 'save-every'],
  }),
};
