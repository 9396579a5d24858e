/** How many steps each rank gets for one budget. */
import type { Scale } from '../experiment.ts';
import { BUDGETS } from '../trial.ts';
import { sourceRanks } from './source-ranks.ts';
import type { StepCost } from './step-budgets.ts';

export interface RankSteps {
  readonly rank: number;
  readonly steps: number;
}

/**
 * Ranks from an eighth to the whole of the largest, with steps in inverse proportion to their cost. The budget is that
 * of half the largest rank for as many steps as let most ranks end where losses are taken, and within the longest run;
 * of several such numbers, the greatest up to `shortSteps`.
 */
export function paritySteps(scale: Scale, cost: StepCost): RankSteps[] {
  const { eighth, quarter, half, largest } = sourceRanks(scale);
  const parity = (reference: number): RankSteps[] =>
    [eighth, quarter, half, largest]
      .map((rank) => ({ rank, steps: (reference * cost(half)) / cost(rank) }))
      .filter(({ steps }) => steps <= scale.longSteps && BUDGETS.includes(steps));
  return BUDGETS.filter((steps) => steps <= scale.shortSteps)
    .map(parity)
    .reduce((best, one) => (one.length >= best.length ? one : best), []);
}
