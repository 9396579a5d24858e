/** The ranks that the source speaks of, at the scale of a run. */
import type { Results, Scale } from '../experiment.ts';

/** What stands for the source's K = 64, 32, 16 and 8: the largest rank of the sweep, and its halves. */
export interface SourceRanks {
  readonly largest: number;
  readonly half: number;
  readonly quarter: number;
  readonly eighth: number;
}

export function sourceRanks({ ranks }: Pick<Scale, 'ranks'>): SourceRanks {
  const largest = ranks.at(-1)!;
  return { largest, half: largest / 2, quarter: largest / 4, eighth: largest / 8 };
}

/** The ranks of the sweep, with the largest, its half and its quarter, ascending. */
export function sweepRanks(scale: Pick<Scale, 'ranks'>): number[] {
  const { largest, half, quarter } = sourceRanks(scale);
  return [...new Set([...scale.ranks, quarter, half, largest])].sort((a, b) => a - b);
}

/** Ranks beyond the source's largest, as multiples of it. */
const BEYOND: readonly number[] = [2, 4];

/** All ranks that are compared: the source's sweep, and wider ones as far as the frames reach. */
export function candidateRanks({ scale, setting }: Pick<Results, 'scale' | 'setting'>): number[] {
  const { eighth, largest } = sourceRanks(scale);
  const wider = BEYOND.map((times) => times * largest).filter((rank) => rank <= setting.frameRank);
  return [...new Set([eighth, ...sweepRanks(scale), ...wider])].sort((a, b) => a - b);
}

/**
 * The ranks that are compared after a budget of steps: all, but for the longest, which costs more than all others
 * together and gets those that claims name, and the widest.
 */
export function ranksAfter(results: Pick<Results, 'scale' | 'setting'>, budget: number): number[] {
  const { scale } = results;
  const { eighth, half, largest } = sourceRanks(scale);
  const all = candidateRanks(results);
  return budget < scale.longSteps ? all : [...new Set([eighth, half, largest, all.at(-1)!])];
}
