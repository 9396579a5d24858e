/** Coverage of every rank before the first update, from the runs of the largest rank alone. */
import type { Results } from '../experiment.ts';
import type { TrainTrial } from '../trial.ts';
import { coverageAt, firstStep } from './observed-coverage.ts';
import type { SeedValues } from './seed-values.ts';
import { observedTrials } from './shared.ts';
import { sourceRanks } from './source-ranks.ts';

export const startCoverageTrials = (results: Results): TrainTrial[] =>
  observedTrials(results, sourceRanks(results.scale).largest);

/** ‖P G‖ / ‖G‖ of the weights' singular vectors at the first step, one value per seed. */
export const startCoverage = (results: Results, rank: number): SeedValues =>
  coverageAt(results, rank, firstStep(results));
