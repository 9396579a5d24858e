/** What several experiments ask for. */
import { studentInterval } from '../../numeric/index.ts';
import type { Basis, Cell } from '../../record/index.ts';
import type { Results } from '../experiment.ts';
import type { Sample } from '../rule.ts';
import type { CoveragePoint, Observation, TrainTrial } from '../trial.ts';
import { type Arm, armTrial, bestLearningRate, coreArm, tunedTrials } from '../tuning.ts';

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

/** Runs of an arm at its tuned learning rate, all seeds, that look closer: `watch`, `ablate` or `observe`. */
export function closerTrials(
  results: Results,
  arm: Arm,
  closer: Pick<TrainTrial, 'watch' | 'ablate' | 'observe'>,
): TrainTrial[] {
  const budget = results.scale.shortSteps;
  const rate = bestLearningRate(results, arm, budget);
  if (rate === undefined) return tunedTrials(results, arm, budget);
  return results.scale.seeds.map((seed) => ({ ...armTrial(results, arm, budget, rate, seed), ...closer }));
}

/** CT-LoRA runs of one rank in the singular vectors of the weights, observed at the source's steps. */
export function observedTrials(results: Results, rank: number): TrainTrial[] {
  const observe = { steps: results.scale.observedSteps, bases: ['svd', 'random'] as const };
  return closerTrials(results, coreArm('svd', rank), { observe });
}

/** The observations of {@link observedTrials}, one per seed, at a step; undefined while one is missing. */
export function observedAt(results: Results, rank: number, step: number): Observation[] | undefined {
  const observations = observedTrials(results, rank).map((trial) =>
    trial.observe === undefined
      ? undefined
      : results.train(trial)?.observations?.find((one) => one.step === step),
  );
  return observations.every((one) => one !== undefined) ? observations : undefined;
}

/** The core point of a basis at a rank, all layers together. */
export function corePoint(observation: Observation, basis: Basis, rank: number): CoveragePoint | undefined {
  return observation.points.find(
    (point) =>
      point.basis === basis && point.rank === rank && point.family === 'core' && point.group === 'all',
  );
}
