/** The options of `rankscope train`. */
import { z } from 'zod';
import { ADAPTER_FAMILIES, BASES, OPTIMIZERS, SCHEDULES } from '../record/index.ts';
import { numberBetween } from './option.ts';
import {
  aboveZeroOption,
  cacheOption,
  choiceOption,
  computeOption,
  layersOption,
  memoryOption,
  notBelowZeroOption,
  pathOption,
  switchOption,
  wholeOption,
} from './option-kinds.ts';

const WHAT = 'What to train:';
const ON = 'What to train it on:';
const HOW = 'How to train it:';
const WATCH = 'What to watch:';
const OUTPUT = 'Output:';

export const TRAIN_OPTIONS = {
  adapter: choiceOption(
    'adapter',
    WHAT,
    `family (default: core; ${ADAPTER_FAMILIES.join(',')})`,
    ADAPTER_FAMILIES,
  ),
  basis: {
    flags: '--basis <basis>',
    group: WHAT,
    help: `where its frames come from (default: svd; ${BASES.join(',')}, or FILE#LABEL as probe --save-frames writes it)`,
    schema: z.string().min(1),
    expected: `one of ${BASES.join(', ')}, or a file`,
    example: '--basis natural',
  },
  rank: wholeOption('rank', WHAT, 'rank K (default: 16)', 1, 16),
  plan: pathOption(
    '--plan <file>',
    WHAT,
    'rank, basis and family per layer instead (JSON)',
    '--plan plan.json',
  ),
  layers: layersOption(WHAT),
  scale: aboveZeroOption('scale', WHAT, 'factor of the update (default: 1)', 2),
  start: choiceOption('start', WHAT, 'start of cores: zero (default) or noise of 1e-5', ['zero', 'noise']),
  data: pathOption('--data <file>', ON, 'text to train on: .txt, .jsonl or .json', '--data notes.txt'),
  batchSize: wholeOption('batch-size', ON, 'sequences in a pass (default: 4)', 1, 4),
  accumulation: wholeOption('accumulation', ON, 'passes in a step (default: 1)', 1, 4),
  seqLen: wholeOption('seq-len', ON, 'tokens in a sequence (default: 256, or the model’s context)', 2, 128),
  pack: switchOption('--no-pack', ON, 'pad each document instead of joining them into full sequences'),
  calibrationBatches: wholeOption(
    'calibration-batches',
    ON,
    'batches that data-driven bases are made from (default: 16)',
    1,
    16,
  ),
  steps: wholeOption('steps', HOW, 'optimizer steps (default: one epoch)', 1, 400),
  epochs: aboveZeroOption('epochs', HOW, 'passes over the text, instead of --steps', 2),
  optimizer: choiceOption('optimizer', HOW, 'adamw (default) or sgd', OPTIMIZERS),
  lr: aboveZeroOption('lr', HOW, 'highest learning rate (default: 1e-3)', 0.001),
  schedule: choiceOption(
    'schedule',
    HOW,
    'fall after the warm-up: cosine (default), linear, constant',
    SCHEDULES,
  ),
  warmup: wholeOption('warmup', HOW, 'steps of linear warm-up (default: 0)', 0, 10),
  weightDecay: notBelowZeroOption('weight-decay', HOW, 'of every trained parameter (default: 0)', 0.01),
  clip: notBelowZeroOption('clip', HOW, 'largest norm of the gradient; 0 for no limit (default: 1)', 1),
  dropout: {
    flags: '--dropout <x>',
    group: HOW,
    help: 'of the K values between the adapter’s sides (default: 0)',
    schema: numberBetween(0, 0.99),
    expected: 'a number from 0 to 0.99',
    example: '--dropout 0.1',
  },
  ridge: aboveZeroOption('ridge', HOW, 'ridge of natural frames and ν (default: 0.3)', 0.3),
  seed: wholeOption('seed', HOW, 'order of the data, random frames, dropout (default: 0)', 0, 1),
  compute: computeOption(HOW),
  memory: memoryOption(HOW),
  cacheDir: cacheOption(HOW),
  evalData: pathOption(
    '--eval-data <file>',
    WATCH,
    'text to evaluate on, at the start and the end',
    '--eval-data held-out.txt',
  ),
  evalEvery: wholeOption('eval-every', WATCH, 'evaluate every so many steps as well', 1, 50),
  coverageEvery: wholeOption(
    'coverage-every',
    WATCH,
    'measure coverage, effective ranks and directions every so many steps',
    1,
    10,
  ),
  out: pathOption(
    '--out <dir>',
    OUTPUT,
    'run directory (default: rankscope-runs/train-<model>-<time>)',
    '--out runs/first',
  ),
  checkpointEvery: wholeOption(
    'checkpoint-every',
    OUTPUT,
    'steps between checkpoints (default: 100)',
    1,
    100,
  ),
  resume: switchOption('--resume', OUTPUT, 'go on with the run in --out'),
  json: switchOption('--json', OUTPUT, 'print the record as JSON'),
  quiet: switchOption('--quiet', OUTPUT, 'no progress on stderr'),
};
