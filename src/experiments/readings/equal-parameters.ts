/** Ranks at which families train as many parameters as one another. */
import type { AdapterFamily } from '../../record/index.ts';
import type { LayerShape } from '../trial.ts';

/** Families whose parameters grow with a rank. */
export type RankedFamily = Exclude<AdapterFamily, 'full'>;

/** What a family trains in a layer: for `factors` both factors, though r² of their moves change nothing. */
function trained(family: RankedFamily, [m, n]: LayerShape, rank: number): number {
  const fitting = Math.min(rank, m, n);
  switch (family) {
    case 'core':
      return fitting * fitting;
    case 'diagonal':
      return fitting;
    case 'left':
      return fitting * n;
    case 'right':
      return m * fitting;
    case 'factors':
      return fitting * (m + n);
  }
}

export const trainedParametersOf = (
  family: RankedFamily,
  shapes: readonly LayerShape[],
  rank: number,
): number => shapes.reduce((sum, shape) => sum + trained(family, shape, rank), 0);

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
