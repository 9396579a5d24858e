/** The options of `rankscope probe`. */
import { z } from 'zod';
import { isFramesFile } from '../coverage/index.ts';
import { BASES, FAMILIES, familySchema, namedBasis } from '../record/index.ts';
import { listOf, rankList } from './option.ts';
import {
  aboveZeroOption,
  cacheOption,
  computeOption,
  layersOption,
  memoryOption,
  pathOption,
  switchOption,
  wholeOption,
} from './option-kinds.ts';

const WHAT = 'What to measure:';
const ON = 'What to measure it on:';
const HOW = 'How to measure it:';
const OUTPUT = 'Output:';

const isBasis = (name: string) => namedBasis(name) !== null || isFramesFile(name);

/** A list of bases whose parts are joined again where that gives the name of a file: commas may stand in it. */
function joinFileNames(raw: unknown): unknown {
  if (typeof raw !== 'string') return raw;
  const parts = raw.split(',').map((part) => part.trim());
  const bases: string[] = [];
  for (let start = 0; start < parts.length; ) {
    const ends = parts.map((_, index) => index + 1).slice(start);
    const end = ends.find((stop) => isBasis(parts.slice(start, stop).join(','))) ?? start + 1;
    bases.push(parts.slice(start, end).join(','));
    start = end;
  }
  return bases;
}

export const PROBE_OPTIONS = {
  data: pathOption('--data <file>', ON, 'text to measure on: .txt, .jsonl or .json', '--data notes.txt'),
  batches: wholeOption('batches', ON, 'batches to measure on (default: 16)', 1, 16),
  batchSize: wholeOption('batch-size', ON, 'sequences in a batch (default: 1)', 1, 4),
  seqLen: wholeOption('seq-len', ON, 'tokens in a sequence (default: 256, or the model’s context)', 2, 128),
  pack: switchOption('--no-pack', ON, 'pad each document instead of joining them into full sequences'),
  calibrationBatches: wholeOption(
    'calibration-batches',
    ON,
    'batches that data-driven bases are made from (default: 16)',
    1,
    16,
  ),
  bases: {
    flags: '--bases <list>',
    group: WHAT,
    help: `where subspaces come from (default: svd,random,gradient,natural; all: ${BASES.join(',')}, or FILE#LABEL as --save-frames writes it)`,
    schema: z.preprocess(joinFileNames, listOf(z.string().refine(isBasis))),
    expected: `any of ${BASES.join(', ')}, or frames files, parted by commas`,
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
  layers: layersOption(WHAT),
  natural: switchOption('--no-natural', WHAT, 'leave out natural coverage ν'),
  spectrumBatches: wholeOption(
    'spectrum-batches',
    WHAT,
    'batches whose whole spectrum is taken, for ceilings (default: 2)',
    1,
    2,
  ),
  compute: computeOption(HOW),
  memory: memoryOption(HOW),
  ciWidth: aboveZeroOption(
    'ci-width',
    HOW,
    'stop early once every 95 % interval of global coverage is narrower than this',
    0.01,
  ),
  randomFrames: wholeOption('random-frames', HOW, 'draws of the random basis (default: 1)', 1, 3),
  ridge: aboveZeroOption(
    'ridge',
    HOW,
    'ridge of natural frames and ν, in units of the mean second moment (default: 0.3)',
    0.3,
  ),
  seed: wholeOption('seed', HOW, 'choice of batches and random frames (default: 0)', 0, 1),
  cacheDir: cacheOption(HOW),
  out: pathOption(
    '--out <dir>',
    OUTPUT,
    'run directory (default: rankscope-runs/<model>-<time>)',
    '--out runs/first',
  ),
  json: switchOption('--json', OUTPUT, 'print the record as JSON instead of the table'),
  quiet: switchOption('--quiet', OUTPUT, 'no progress on stderr'),
  saveBatches: switchOption(
    '--save-batches',
    OUTPUT,
    'keep the measured tokens and loss masks (safetensors)',
  ),
  saveFrames: switchOption('--save-frames', OUTPUT, 'keep the frames (safetensors)'),
};
