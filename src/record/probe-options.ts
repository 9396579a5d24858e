/** The options of a probe, from which the library's types, the flags and the settings of the record come. */
import { z } from 'zod';
import {
  aboveZeroOption,
  choiceOption,
  switchOption,
  toList,
  toNumber,
  toRanks,
  wholeNumber,
  wholeOption,
} from '../options/index.ts';
import { BASES, type Basis } from './bases.ts';
import { DEVICES, FAMILIES, type Family, familySchema } from './common.ts';
import { TEXT_OPTIONS } from './text-options.ts';

const WHAT = 'What to measure:';
const ON = 'What to measure it on:';
const HOW = 'How to measure it:';

export const DEFAULT_BASES: readonly Basis[] = ['svd', 'random', 'gradient', 'natural'];
export const DEFAULT_FAMILIES: readonly Family[] = ['core', 'left', 'right', 'factors', 'diagonal'];
export const DEFAULT_RANKS: readonly number[] = [2, 4, 8, 16, 32, 64, 128, 256];

/** Bytes of a unit of size. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ...{ kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

/** Bytes of `12GB`, `1.5 GiB` or a bare number; anything else as it is. */
function toBytes(raw: unknown): unknown {
  const [, number, unit] = /^(\d+\.?\d*|\.\d+)\s*([a-z]*)$/i.exec(String(raw).trim()) ?? [];
  const factor = UNITS[unit?.toLowerCase() ?? '?'];
  return factor === undefined ? raw : Math.round(Number(number) * factor);
}

const list = <T>(item: z.ZodType<T>): z.ZodType<readonly T[]> => z.array(item).min(1);

/** Those that decide a run's numbers: they stand in the record. */
export const PROBE_SETTINGS = {
  batches: wholeOption('batches', ON, 'batches to measure on; with --ci-width, the most', 1, 16, {
    default: 16,
  }),
  batchSize: wholeOption('batch-size', ON, 'sequences in a batch', 1, 4, { default: 1 }),
  seqLen: wholeOption('seq-len', ON, 'tokens in a sequence', 2, 128, {
    default: 256,
    shownDefault: '256, or the model’s context',
    aliases: ['max-length', 'max-seq-length', 'sequence-len', 'cutoff-len'],
  }),
  pack: switchOption('--no-pack', ON, 'pad each document instead of joining them into full sequences'),
  calibrationBatches: wholeOption(
    'calibration-batches',
    ON,
    'batches that data-driven bases are made from, never measured on',
    1,
    16,
    { default: 16 },
  ),
  bases: {
    flags: '--bases <list>',
    group: WHAT,
    help: `where subspaces come from: ${BASES.join(', ')}, or FILE#LABEL as --save-frames writes it`,
    schema: list(z.string()),
    parse: toList,
    expected: `any of ${BASES.join(', ')}, or frames files, parted by commas`,
    example: '--bases svd,random',
    default: DEFAULT_BASES as readonly string[],
  },
  families: {
    flags: '--families <list>',
    group: WHAT,
    help: 'kinds of adapters',
    schema: list(familySchema),
    parse: toList,
    expected: `any of ${FAMILIES.join(', ')}, parted by commas`,
    example: '--families core,factors',
    default: DEFAULT_FAMILIES,
    shownDefault: `all of ${FAMILIES.join(',')}`,
  },
  ranks: {
    flags: '--ranks <list>',
    group: WHAT,
    help: 'ranks to show, such as 4,16 or 2..64 for powers of two',
    schema: list(wholeNumber(1)),
    parse: toRanks,
    expected: 'whole numbers from 1, parted by commas, or a range of doublings',
    example: '--ranks 2,4,8 or --ranks 2..64',
    shownDefault: `${DEFAULT_RANKS[0]}..${DEFAULT_RANKS.at(-1)}, as far as they fit a layer`,
  },
  layers: {
    flags: '--layers <names>',
    aliases: ['target-modules', 'lora-target-modules', 'lora-target'],
    group: WHAT,
    help:
      'as PEFT’s target modules: q_proj,v_proj or all-linear or a regular expression; also attention, mlp, and patterns ' +
      'with * and ?',
    schema: z.string().min(1),
    parse: (raw: unknown) => (Array.isArray(raw) ? raw.join(',') : raw),
    expected: 'module names, parted by commas',
    example: '--layers q_proj,v_proj',
    default: '*' as string,
    shownDefault: 'all',
  },
  quick: switchOption(
    '--quick',
    WHAT,
    'a first look, about a minute for 135M parameters: few batches, ranks to 64, layers of four blocks',
  ),
  natural: switchOption('--no-natural', WHAT, 'leave out natural coverage ν'),
  spectrumBatches: wholeOption(
    'spectrum-batches',
    WHAT,
    'batches whose whole spectrum is taken, for ceilings and effective ranks',
    1,
    2,
    { default: 2 },
  ),
  device: choiceOption(
    'device',
    HOW,
    'what computes the passes: the processor, or a GPU in float32',
    DEVICES,
    {
      default: 'cpu' as const,
    },
  ),
  ciWidth: {
    flags: '--ci-width <x>',
    group: HOW,
    help: 'stop early once every 95 % interval of global coverage is narrower than this',
    schema: z.number().positive().nullable(),
    parse: toNumber,
    expected: 'a number above 0',
    example: '--ci-width 0.01',
    default: null,
  },
  randomFrames: wholeOption('random-frames', HOW, 'draws of the random basis', 1, 3, { default: 1 }),
  ridge: aboveZeroOption(
    'ridge',
    HOW,
    'ridge of natural frames and ν, in units of the mean second moment',
    0.3,
    {
      default: 0.3,
    },
  ),
  seed: wholeOption('seed', HOW, 'choice of batches and random frames', 0, 1, { default: 0 }),
};

export const PROBE_OPTIONS = {
  ...PROBE_SETTINGS,
  ...TEXT_OPTIONS,
  memory: {
    flags: '--memory <size>',
    group: HOW,
    help: 'most memory to take: what does not fit is computed in parts, or twice',
    schema: z.int().min(1),
    parse: toBytes,
    expected: 'a size such as 12GB or 800MiB',
    example: '--memory 12GB',
    shownDefault: '80 % of what is free',
  },
};
