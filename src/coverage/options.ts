/** What a probe can be asked, with its defaults. */
import { UserError } from '../errors/index.ts';
import type { LinearLayer } from '../models/index.ts';
import type { OptionValues } from '../options/index.ts';
import { DEFAULT_RANKS, type PROBE_OPTIONS } from '../record/index.ts';
import type { Receipt } from '../text/index.ts';

/** Those of the table, with its defaults (`docs/options.md`), and what only a program can give. */
export interface ProbeOptions extends OptionValues<typeof PROBE_OPTIONS> {
  /** File for the frames (safetensors); default a temporary file that is removed. */
  readonly framesFile?: string;
  /** Called as the work goes on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called after every pass with its loss, and the global core coverage at the largest rank, by frame set. */
  readonly onPass?: (metrics: Readonly<Record<string, number>>) => void;
  /** Called when the text has been read, with what became of it. */
  readonly onReceipt?: (receipt: Receipt) => void;
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
  /** Where a whole probe is followed: how its work is divided among the stages, as estimated before it began. */
  readonly shares?: StageShares;
}

/** Shares of the stages, which add up to 1. */
export type StageShares = Readonly<Record<Progress['stage'], number>>;

/**
 * The ranks to report, ascending. Asked for, each must fit at least one layer; by default those are left out that
 * fit none. Throws UserError `rank-too-large`.
 */
export function selectRanks(asked: readonly number[] | undefined, layers: readonly LinearLayer[]): number[] {
  const limit = Math.max(...layers.map(({ inFeatures, outFeatures }) => Math.min(inFeatures, outFeatures)));
  const tooLarge = asked?.find((rank) => rank > limit);
  if (tooLarge !== undefined) {
    throw new UserError('rank-too-large', (option) => ({
      what: 'a rank is larger than every chosen layer allows',
      got: String(tooLarge),
      expected: `at most ${limit}, the smaller side of the largest layer`,
      fix: `lower the rank, or choose larger layers with ${option('layers')}`,
    }));
  }
  return [...new Set(asked ?? DEFAULT_RANKS)].filter((rank) => rank <= limit).sort((a, b) => a - b);
}
