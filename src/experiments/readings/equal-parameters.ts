/** Ranks at which families train as many parameters as one another. */
import { parameterCount } from '../../coverage/index.ts';
import type { Family } from '../../record/index.ts';
import type { LayerShape } from '../trial.ts';

/** Families whose parameters grow with a rank. */
export type RankedFamily = Family;

/** What a family trains in all layers: for `factors` both factors, though r² of their moves change nothing. */
export const trainedParametersOf = (
  family: RankedFamily,
  shapes: readonly LayerShape[],
  rank: number,
): number => shapes.reduce((sum, [m, n]) => sum + parameterCount(family, m, n, Math.min(rank, m, n)), 0);

/** The rank, up to the widest frame, with which a family comes nearest to a number of parameters; the lower of two. */
export function equalRank(
  family: RankedFamily,
  shapes: readonly LayerShape[],
  parameters: number,
  widest: number,
): number {
  const distance = (rank: number) => Math.abs(trainedParametersOf(family, shapes, rank) - parameters);
  let best = 1;
  for (let rank = 2; rank <= widest; rank++) if (distance(rank) < distance(best)) best = rank;
  return best;
}
