/** How much work a run will be, before it begins. */
import type { Experiment, Results } from './experiment.ts';
import type { JobContext } from './job.ts';
import { type PlannedSetting, TrialNames, type WantedTrial, wantedTrials, withoutCovered } from './plan.ts';
import { BUDGETS, type Setting, type TrainTrial, type TrainTrialResult, type Trial } from './trial.ts';

/** Floating-point operations per second of one process; the pace of finished trials takes its place. */
const ASSUMED_SPEED = 40e9;

/** Steps that other work counts as, measured on the bundled model. */
const OBSERVATION_STEPS = 25;
const START_STEPS = 150;
const WATCH_STEPS = 3;

/**
 * All trials that the experiments will ask for, if every learning rate turns out to lie in the middle of the grid.
 */
export function forecastTrials(
  experiments: readonly Experiment[],
  settings: readonly PlannedSetting[],
  context: JobContext,
): WantedTrial[] {
  const names = new TrialNames(context);
  const madeUp = ({ setting, scale }: PlannedSetting): Results => {
    const { learningRates, shortSteps } = scale;
    const middle = learningRates[Math.floor(learningRates.length / 2)]!;
    // Long runs are expected to want a lower one, as their search is.
    const wanted = ({ steps }: TrainTrial) => (steps > shortSteps ? middle / 2 : middle);
    return {
      setting,
      scale,
      train: (trial) => madeUpRun(trial, 5 + Math.log(trial.learningRate / wanted(trial)) ** 2),
      observe: () => undefined,
      joint: () => undefined,
    };
  };
  return withoutCovered(wantedTrials(experiments, settings, madeUp, names), names);
}

function madeUpRun(trial: TrainTrial, loss: number): TrainTrialResult {
  return {
    parameters: 1,
    losses: [],
    evalLosses: [...BUDGETS, trial.steps].map((step) => ({ step, loss })),
    divergedAt: null,
    updateEffectiveRank: 1,
    updateNorm: 1,
  };
}

/** The work of a trial in training steps of its setting. */
export function stepsOf(trial: Trial, { evalSequences, batchSize }: Setting): number {
  if (trial.kind !== 'train') return START_STEPS;
  const evaluations = new Set([...BUDGETS.filter((step) => step <= trial.steps), trial.steps]).size;
  return (
    trial.steps * (trial.watch ? WATCH_STEPS : 1) +
    // A forward pass is a third of a step.
    (evaluations * evalSequences) / batchSize / 3 +
    (trial.observe?.steps.length ?? 0) * OBSERVATION_STEPS
  );
}

/** Seconds of a training step in one process before any was timed: forward and backward products, without those of weights. */
export function assumedStepSeconds({ batchSize, seqLen }: Setting, parameters: number): number {
  return (4 * parameters * batchSize * seqLen) / ASSUMED_SPEED;
}
