/** The options of `rankscope probe`. */
import { z } from 'zod';
import { BASES, basisSchema, COMPUTE_TYPES, computeSchema, FAMILIES, familySchema } from '../record/index.ts';
import { listOf, type OptionSpec, positiveNumber, rankList, wholeNumber } from './option.ts';

const WHAT = 'What to measure:';
const ON = 'What to measure it on:';
const HOW = 'How to measure it:';
const OUTPUT = 'Output:';

const positive = (name: string, group: string, help: string, example: number) =>
  ({
    flags: `--${name} <n>`,
    group,
    help,
    schema: wholeNumber(1),
    expected: 'a whole number from 1',
    example: `--${name} ${example}`,
  }) satisfies OptionSpec;

const path = (flags: string, group: string, help: string, example: string) =>
  ({ flags, group, help, schema: z.string().min(1), expected: 'a path', example }) satisfies OptionSpec;

const toggle = (name: string, group: string, help: string) =>
  ({
    flags: `--${name}`,
    group,
    help,
    schema: z.boolean(),
    expected: 'true or false',
    example: `--${name}`,
  }) satisfies OptionSpec;

export const PROBE_OPTIONS = {
  data: path('--data <file>', ON, 'text to measure on: .txt, .jsonl or .json', '--data notes.txt'),
  batches: positive('batches', ON, 'batches to measure on (default: 16)', 16),
  batchSize: positive('batch-size', ON, 'sequences in a batch (default: 1)', 4),
  seqLen: {
    ...positive('seq-len', ON, 'tokens in a sequence (default: 256, or the model’s context)', 128),
    schema: wholeNumber(2),
    expected: 'a whole number from 2',
  },
  pack: toggle('no-pack', ON, 'pad each document instead of joining them into full sequences'),
  calibrationBatches: positive(
    'calibration-batches',
    ON,
    'batches that data-driven bases are made from (default: 16)',
    16,
  ),
  bases: {
    flags: '--bases <list>',
    group: WHAT,
    help: `where subspaces come from (default: svd,random,gradient,natural; all: ${BASES.join(',')})`,
    schema: listOf(basisSchema),
    expected: `any of ${BASES.join(', ')}, parted by commas`,
    example: '--bases svd,random',
  },
  families: {
    flags: '--families <list>',
    group: WHAT,
    help: `kinds of adapters (default: all of ${FAMILIES.join(',')})`,
    schema: listOf(familySchema),
    expected: `any of ${FAMILIES.join(', ')}, parted by commas`,
    example: '--families core,factors',
  },
  ranks: {
    flags: '--ranks <list>',
    group: WHAT,
    help: 'ranks to show, such as 4,16 or 2..64 for powers of two (default: 2..256)',
    schema: rankList(),
    expected: 'whole numbers from 1, parted by commas, or a range of doublings',
    example: '--ranks 2,4,8 or --ranks 2..64',
  },
  layers: {
    flags: '--layers <glob>',
    group: WHAT,
    help: 'layers by module name, with * and ? (default: all)',
    schema: z.string().min(1),
    expected: 'a pattern over module names',
    example: "--layers '*attn*'",
  },
  natural: toggle('no-natural', WHAT, 'leave out natural coverage ν'),
  spectrumBatches: positive(
    'spectrum-batches',
    WHAT,
    'batches whose whole spectrum is taken, for ceilings (default: 2)',
    2,
  ),
  compute: {
    flags: '--compute <type>',
    group: HOW,
    help: 'arithmetic of weight products: float32 (default) or int8 (faster)',
    schema: computeSchema,
    expected: COMPUTE_TYPES.join(' or '),
    example: '--compute int8',
  },
  ciWidth: {
    flags: '--ci-width <width>',
    group: HOW,
    help: 'stop early once every 95 % interval of global coverage is narrower than this',
    schema: positiveNumber(),
    expected: 'a number above 0',
    example: '--ci-width 0.01',
  },
  randomFrames: positive('random-frames', HOW, 'draws of the random basis (default: 1)', 3),
  ridge: {
    flags: '--ridge <λ>',
    group: HOW,
    help: 'ridge of natural frames and ν, in units of the mean second moment (default: 0.3)',
    schema: positiveNumber(),
    expected: 'a number above 0',
    example: '--ridge 0.3',
  },
  seed: {
    flags: '--seed <n>',
    group: HOW,
    help: 'choice of batches and random frames (default: 0)',
    schema: wholeNumber(0),
    expected: 'a whole number from 0',
    example: '--seed 1',
  },
  cacheDir: path(
    '--cache-dir <dir>',
    HOW,
    'where decoded weights are kept between runs (default: ~/.cache/rankscope)',
    '--cache-dir /tmp/cache',
  ),
  out: path(
    '--out <dir>',
    OUTPUT,
    'run directory (default: rankscope-runs/<model>-<time>)',
    '--out runs/first',
  ),
  json: toggle('json', OUTPUT, 'print the record as JSON instead of the table'),
  quiet: toggle('quiet', OUTPUT, 'no progress on stderr'),
  saveBatches: toggle('save-batches', OUTPUT, 'keep the measured tokens and loss masks (safetensors)'),
  saveFrames: toggle('save-frames', OUTPUT, 'keep the frames (safetensors)'),
};
