/**
 * CT-LoRA runs that are also judged with halves of their core set to zero. Unlike a plain run, which a longer one may
 * stand for, such a run ends after `shortSteps`: what is measured at the end of a run is taken from these.
 */
import type { Basis } from '../../record/index.ts';
import type { Results } from '../experiment.ts';
import type { TrainTrial, TrainTrialResult } from '../trial.ts';
import { coreArm } from '../tuning.ts';
import { closerRuns, closerTrials } from './shared.ts';

export type AblatedRun = TrainTrialResult & {
  readonly ablation: NonNullable<TrainTrialResult['ablation']>;
};

/** At the tuned learning rate, with the runs that find it, or at one that is given. */
export const ablatedTrials = (
  results: Results,
  basis: Basis,
  rank: number,
  learningRate?: number,
): TrainTrial[] => closerTrials(results, coreArm(basis, rank), { ablate: true }, learningRate);

/** The runs of {@link ablatedTrials} that are ablated, one per seed; undefined while one is missing. */
export function ablatedRuns(
  results: Results,
  basis: Basis,
  rank: number,
  learningRate?: number,
): AblatedRun[] | undefined {
  const runs = closerRuns(results, coreArm(basis, rank), { ablate: true }, learningRate);
  return runs?.every(isAblated) ? runs : undefined;
}

const isAblated = (run: TrainTrialResult): run is AblatedRun => run.ablation !== undefined;
