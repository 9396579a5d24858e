/** Coverage and tuned loss over the ranks of the sweep, in the singular vectors of the weights. */
import type { Results } from '../experiment.ts';
import type { TrainTrial } from '../trial.ts';
import { coreArm, tunedLosses, tunedTrials } from '../tuning.ts';
import type { SeedValues } from './seed-values.ts';
import { startCoverage, startCoverageTrials } from './start-coverage.ts';

export interface Rung {
  readonly rank: number;
  /** At the first step. */
  readonly coverage: SeedValues;
  /** Held-out, after a short run at the rank's own learning rate. */
  readonly losses: SeedValues;
}

export const ladderTrials = (results: Results): TrainTrial[] => [
  ...startCoverageTrials(results),
  ...results.scale.ranks.flatMap((rank) =>
    tunedTrials(results, coreArm('svd', rank), results.scale.shortSteps),
  ),
];

export const rankLadder = (results: Results): Rung[] =>
  results.scale.ranks.map((rank) => ({
    rank,
    coverage: startCoverage(results, rank),
    losses: tunedLosses(results, coreArm('svd', rank), results.scale.shortSteps),
  }));

/** A figure of each seed's whole ladder, all arrays in the order of the ranks; undefined while a rung is missing. */
export function perSeedLadder(
  results: Results,
  figure: (ranks: readonly number[], coverage: readonly number[], losses: readonly number[]) => number,
): SeedValues {
  const rungs = rankLadder(results);
  const ranks = rungs.map(({ rank }) => rank);
  const coverage = rungs.map((rung) => rung.coverage);
  const losses = rungs.map((rung) => rung.losses);
  if (!coverage.every((values) => values !== undefined)) return undefined;
  if (!losses.every((values) => values !== undefined)) return undefined;
  return results.scale.seeds.map((_, seed) =>
    figure(
      ranks,
      coverage.map((values) => values[seed]!),
      losses.map((values) => values[seed]!),
    ),
  );
}
