/** How many steps each rank gets for one budget. */
import type { ExperimentFigure } from '../../record/index.ts';
import type { Results, Scale } from '../experiment.ts';
import { BUDGETS, type TrainTrial } from '../trial.ts';
import { coreArm, tunedLosses, tunedTrials } from '../tuning.ts';
import { curve, type SeedValues, saySeries } from './seed-values.ts';
import { sourceRanks } from './source-ranks.ts';
import { STEP_BUDGETS, type StepBudget, type StepCost } from './step-budgets.ts';

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

/** CT-LoRA in the singular vectors of the weights, for every rank and number of steps of both budgets. */
export const parityTrials = (results: Results): TrainTrial[] =>
  STEP_BUDGETS.flatMap(({ cost }) => paritySteps(results.scale, cost)).flatMap(({ rank, steps }) =>
    tunedTrials(results, coreArm('svd', rank), steps),
  );

/** Held-out losses of a rank after its steps, one per seed. */
export const parityLosses = (results: Results, { rank, steps }: RankSteps): SeedValues =>
  tunedLosses(results, coreArm('svd', rank), steps);

/** Loss against K, a line for each budget. */
export const parityCurves = (results: Results): ExperimentFigure['series'] =>
  STEP_BUDGETS.map(({ words, cost }) =>
    curve(
      `equal ${words}`,
      paritySteps(results.scale, cost).map((arm) => [arm.rank, parityLosses(results, arm)] as const),
    ),
  );

/** The losses of all of them in one sentence. */
export const sayParity = (results: Results, { cost }: StepBudget): string =>
  saySeries(
    'held-out loss',
    paritySteps(results.scale, cost).map((arm) => [
      `for K = ${arm.rank} after ${arm.steps} steps`,
      parityLosses(results, arm),
    ]),
  );
