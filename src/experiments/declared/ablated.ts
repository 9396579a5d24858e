/**
 * CT-LoRA runs that are also judged with halves of their core set to zero. Unlike a plain run, which a longer one may
 * stand for, such a run ends after `shortSteps`: what is measured at the end of a run is taken from these.
 */
import type { Basis } from '../../record/index.ts';
import type { Results } from '../experiment.ts';
import type { TrainTrial, TrainTrialResult } from '../trial.ts';
import { armTrial, coreArm } from '../tuning.ts';
import { closerTrials } from './shared.ts';

export type AblatedRun = TrainTrialResult & {
  readonly ablation: NonNullable<TrainTrialResult['ablation']>;
};

/** At the tuned learning rate, or at one that is given; first, those that tuning needs. */
export function ablatedTrials(
  results: Results,
  basis: Basis,
  rank: number,
  learningRate?: number,
): TrainTrial[] {
  const { seeds, shortSteps } = results.scale;
  const arm = coreArm(basis, rank);
  if (learningRate === undefined) return closerTrials(results, arm, { ablate: true });
  return seeds.map((seed) => ({
    ...armTrial(results, arm, shortSteps, learningRate, seed),
    ablate: true,
  }));
}

/** The runs of {@link ablatedTrials}, one per seed; undefined while one is missing. */
export function ablatedRuns(
  results: Results,
  basis: Basis,
  rank: number,
  learningRate?: number,
): AblatedRun[] | undefined {
  const runs = ablatedTrials(results, basis, rank, learningRate).map((trial) =>
    trial.ablate ? results.train(trial) : undefined,
  );
  return runs.every(isAblated) ? runs : undefined;
}

const isAblated = (run: TrainTrialResult | undefined): run is AblatedRun => run?.ablation !== undefined;
