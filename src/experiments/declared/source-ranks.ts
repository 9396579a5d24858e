/** The ranks that the source speaks of, at the scale of a run. */
import type { Scale } from '../experiment.ts';

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
