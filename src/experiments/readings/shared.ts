/** What several experiments ask for. */

import { studentInterval } from '../../numeric/index.ts';
import type { Basis, Cell } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Results } from '../experiment.ts';
import type { Sample } from '../rule.ts';
import type { CoveragePoint, Observation, TrainTrial, TrainTrialResult } from '../trial.ts';
import { type Arm, armTrial, bestLearningRate, coreArm, searchTrials } from '../tuning.ts';

/** One value per seed, a − b; null while one side is missing. */
export function difference(
  a: readonly number[] | undefined,
  b: readonly number[] | undefined,
): Sample | null {
  return a === undefined || b === undefined ? null : { values: a.map((value, seed) => value - b[seed]!) };
}

/** Mean and 95 % interval over seeds as a cell of a table. */
export function cell(values: readonly number[] | undefined): Cell {
  return values === undefined ? null : { ...studentInterval(values) };
}

/** What a run looks at more closely than others. */
type Closer = Pick<TrainTrial, 'watch' | 'ablate' | 'observe'>;

/**
 * Runs of an arm, all seeds, that look closer: at its tuned learning rate, with the runs that find it, or at one that is
 * given.
 */
export const closerTrials = (
  results: Results,
  arm: Arm,
  closer: Closer,
  learningRate?: number,
): TrainTrial[] => [
  ...(learningRate === undefined ? searchTrials(results, arm, results.scale.shortSteps) : []),
  ...(closerLooks(results, arm, closer, learningRate) ?? []),
];

/** Those of {@link closerTrials} that look closer, one per seed; undefined while one or the rate is missing. */
export function closerRuns(
  results: Results,
  arm: Arm,
  closer: Closer,
  learningRate?: number,
): TrainTrialResult[] | undefined {
  const runs = closerLooks(results, arm, closer, learningRate)?.map((trial) => results.train(trial));
  return allThere(runs);
}

function closerLooks(
  results: Results,
  arm: Arm,
  closer: Closer,
  learningRate = bestLearningRate(results, arm, results.scale.shortSteps),
): TrainTrial[] | undefined {
  if (learningRate === undefined) return undefined;
  const { seeds, shortSteps } = results.scale;
  return seeds.map((seed) => ({ ...armTrial(results, arm, shortSteps, learningRate, seed), ...closer }));
}

const observing = ({ scale }: Results): Closer => ({
  observe: { steps: scale.observedSteps, bases: ['svd', 'random'] },
});

/** CT-LoRA runs of one rank in the singular vectors of the weights, observed at the source's steps. */
export const observedTrials = (results: Results, rank: number): TrainTrial[] =>
  closerTrials(results, coreArm('svd', rank), observing(results));

/** The observations of {@link observedTrials}, one per seed, at a step; undefined while one is missing. */
export function observedAt(results: Results, rank: number, step: number): Observation[] | undefined {
  const observations = closerRuns(results, coreArm('svd', rank), observing(results))?.map((run) =>
    run.observations?.find((one) => one.step === step),
  );
  return allThere(observations);
}

/** The core point of a basis at a rank, all layers together. */
export function corePoint(observation: Observation, basis: Basis, rank: number): CoveragePoint | undefined {
  return observation.points.find(
    (point) =>
      point.basis === basis && point.rank === rank && point.family === 'core' && point.group === 'all',
  );
}
