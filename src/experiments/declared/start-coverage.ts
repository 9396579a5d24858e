/** Coverage of every rank before the first update, from the runs of the largest rank alone. */
import type { Results } from '../experiment.ts';
import type { TrainTrial } from '../trial.ts';
import type { SeedValues } from './seed-values.ts';
import { corePoint, observedAt, observedTrials } from './shared.ts';
import { sourceRanks } from './source-ranks.ts';

export const startCoverageTrials = (results: Results): TrainTrial[] =>
  observedTrials(results, sourceRanks(results.scale).largest);

/** ‖P G‖ / ‖G‖ of the weights' singular vectors at the first step, one value per seed. */
export function startCoverage(results: Results, rank: number): SeedValues {
  const { largest } = sourceRanks(results.scale);
  const points = observedAt(results, largest, results.scale.observedSteps[0]!)?.map((observation) =>
    corePoint(observation, 'svd', rank),
  );
  return points?.every((point) => point !== undefined) ? points.map(({ coverage }) => coverage) : undefined;
}
