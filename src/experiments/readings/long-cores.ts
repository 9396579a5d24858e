/** Cores that are trained for the longest budget: those that other experiments train as long. */
import type { Basis } from '../../record/index.ts';
import type { Results } from '../experiment.ts';
import { coreGrid, type GridArm, isReal } from './arm-grid.ts';
import { ranksAfter, sourceRanks } from './source-ranks.ts';

/** Bases, beside the weights' own, of the largest K. */
const LONG_BASES: readonly Basis[] = ['natural', 'gradient', 'random'];

/** None on a model of real size. */
export function longCores(results: Results): GridArm[] {
  if (isReal(results)) return [];
  const { scale } = results;
  return [
    ...coreGrid(['svd'], ranksAfter(results, scale.longSteps)),
    ...coreGrid(LONG_BASES, [sourceRanks(scale).largest]),
  ];
}
