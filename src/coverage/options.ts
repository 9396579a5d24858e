/** What a probe can be asked, with its defaults. */
import { UserError } from '../errors/index.ts';
import type { LinearLayer, Receipt } from '../models/index.ts';
import type { Basis, Family } from '../record/index.ts';

export interface ProbeOptions {
  /**
   * Names of bases, and frames files as `probe --save-frames` writes them: `FILE`, or `FILE#LABEL` where there are
   * several sets. Default svd, random, gradient, natural.
   */
  readonly bases?: readonly string[];
  /** Default all. */
  readonly families?: readonly Family[];
  /** Ranks that get a row of their own; the record holds every rank up to the largest. Default 2 … 256. */
  readonly ranks?: readonly number[];
  /** Glob over module names, `*` and `?`, several parted by commas; default `*`. */
  readonly layers?: string;
  /** Batches to measure on; default 16. With `ciWidth`, the most that are measured. */
  readonly batches?: number;
  /** Sequences of a batch; default 1. */
  readonly batchSize?: number;
  /** Tokens of a sequence; default 256, or the model's context if that is shorter. */
  readonly seqLen?: number;
  /** Pack documents into full sequences (default), or pad each one. */
  readonly pack?: boolean;
  /** Batches that data-driven bases are made from; never measured on. Default 16. */
  readonly calibrationBatches?: number;
  /** Batches whose whole spectrum is taken, for ceiling and effective rank; default 2. */
  readonly spectrumBatches?: number;
  /** Draws of the random basis; default 1. */
  readonly randomFrames?: number;
  /** Measure natural coverage; default true. */
  readonly natural?: boolean;
  /** λ of natural frames and natural coverage, in units of the mean second moment; default 0.3. */
  readonly ridge?: number;
  /** Stop early when the 95 % interval of every global coverage at the largest rank is narrower; default never. */
  readonly ciWidth?: number | null;
  /** Default 0. */
  readonly seed?: number;
  /** File for the frames (safetensors); default a temporary file that is removed. */
  readonly framesFile?: string;
  /** Called as the work goes on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called after every pass with its loss, and the global core coverage at the largest rank, by frame set. */
  readonly onPass?: (metrics: Readonly<Record<string, number>>) => void;
  /** Called when the text has been read, with what became of it. */
  readonly onReceipt?: (receipt: Receipt) => void;
  /** Most memory that the process may take, bytes; default 80 % of what is free. */
  readonly memory?: number;
  /** Called before the first pass, with the estimate of the peak memory and what is done to keep within the bound. */
  readonly onMemory?: (plan: MemoryUse) => void;
  /** Stops after the pass in flight; what was measured is returned as partial. */
  readonly signal?: AbortSignal;
}

/** What a run will take, before it begins. */
export interface MemoryUse {
  readonly estimatedBytes: number;
  readonly boundBytes: number;
  /** What is done to keep within the bound, in whole sentences. */
  readonly notes: readonly string[];
}

/** Steps of a stage that are done; steps of one stage take about as long as each other. */
export interface Progress {
  readonly stage: 'calibration' | 'frames' | 'measuring' | 'summary';
  readonly done: number;
  readonly total: number;
}

export const DEFAULT_BASES: readonly Basis[] = ['svd', 'random', 'gradient', 'natural'];
export const DEFAULT_FAMILIES: readonly Family[] = ['core', 'left', 'right', 'factors', 'diagonal'];
export const DEFAULT_RANKS: readonly number[] = [2, 4, 8, 16, 32, 64, 128, 256];

/** The layers whose module name matches the glob. Throws UserError `no-layers` when there is none. */
export function selectLayers(layers: readonly LinearLayer[], glob: string): LinearLayer[] {
  const patterns = glob.split(',').map((part) => globPattern(part.trim()));
  const chosen = layers.filter(({ name }) => patterns.some((pattern) => pattern.test(name)));
  if (chosen.length > 0) return chosen;
  throw new UserError('no-layers', {
    what: 'no layer of the model matches --layers',
    got: glob,
    expected: `a glob over names such as ${layers
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', ')}`,
    fix: `for example --layers '*${layers[0]!.name.split('.').at(-1)}'`,
  });
}

function globPattern(glob: string): RegExp {
  const escaped = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`);
}

/**
 * The ranks to report, ascending. Asked for, each must fit at least one layer; by default those are left out that
 * fit none. Throws UserError `rank-too-large`.
 */
export function selectRanks(asked: readonly number[] | undefined, layers: readonly LinearLayer[]): number[] {
  const limit = Math.max(...layers.map(({ inFeatures, outFeatures }) => Math.min(inFeatures, outFeatures)));
  const tooLarge = asked?.find((rank) => rank > limit);
  if (tooLarge !== undefined) {
    throw new UserError('rank-too-large', {
      what: 'a rank is larger than every chosen layer allows',
      got: String(tooLarge),
      expected: `at most ${limit}, the smaller side of the largest layer`,
      fix: 'lower the rank, or choose larger layers with --layers',
    });
  }
  return [...new Set(asked ?? DEFAULT_RANKS)].filter((rank) => rank <= limit).sort((a, b) => a - b);
}
