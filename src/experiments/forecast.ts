/** How much work is left of a run, before it begins and as it goes. */
import type { Experiment, Results } from './experiment.ts';
import type { JobContext } from './job.ts';
import {
  FinishedTrials,
  type PlannedSetting,
  planTrials,
  resultsOf,
  TrialNames,
  type WantedTrial,
} from './plan.ts';
import {
  BUDGETS,
  evaluationSteps,
  type Setting,
  type TrainTrial,
  type TrainTrialResult,
  type Trial,
  type TrialRecord,
} from './trial.ts';
import { startRates } from './tuning.ts';

/** Floating-point operations per second of one process; the pace of finished trials takes its place. */
const ASSUMED_SPEED = 40e9;

/** Steps that other work counts as, measured on the bundled model. */
const OBSERVATION_STEPS = 25;
const START_STEPS = 150;
const WATCH_STEPS = 3;

/** Above any that is measured, so that a search ends among the learning rates that were tried. */
const MADE_UP_LOSS = 100;

/**
 * Returns a function that tells which trials are still to come: what the finished ones make the experiments ask for, if
 * every learning rate that is still sought turns out to lie in the middle of its grid.
 */
export function forecaster(
  experiments: readonly Experiment[],
  settings: readonly PlannedSetting[],
  context: JobContext,
): (finished: ReadonlyMap<string, TrialRecord>) => WantedTrial[] {
  const names = new TrialNames(context);
  return (finished) => {
    const known = new FinishedTrials(names, finished);
    const foreseen = (planned: PlannedSetting) => foreseenResults(planned, known);
    return planTrials(experiments, settings, names, known, foreseen).missing;
  };
}

/** The results of finished trials, and made-up ones of training runs that are not finished. */
function foreseenResults(planned: PlannedSetting, finished: FinishedTrials): Results {
  const wanted = (trial: TrainTrial): number => {
    const rates = startRates(planned.scale, trial);
    const middle = rates[Math.floor(rates.length / 2)]!;
    // Long runs are expected to want a lower one, as their search is.
    return trial.steps > planned.scale.shortSteps ? middle / 2 : middle;
  };
  const results = resultsOf(planned, finished);
  return {
    ...results,
    train: (trial) =>
      results.train(trial) ??
      madeUpRun(trial, MADE_UP_LOSS + Math.log(trial.learningRate / wanted(trial)) ** 2),
  };
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
export function stepsOf(trial: Trial, { kind, evalSequences, batchSize }: Setting): number {
  if (trial.kind !== 'train') return START_STEPS;
  const evaluations = evaluationSteps(kind, trial.steps).length;
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
