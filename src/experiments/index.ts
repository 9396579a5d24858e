/**
 * Room `experiments`: the source paper, claim by claim. Declared experiments with decision rules, the runner that does
 * their trials in other processes, and the verdicts.
 */
export type { Claim, Experiment, Results, Scale } from './experiment.ts';
export type { Executor, Job, JobContext, JobResult } from './job.ts';
export { chooseExperiments, EXPERIMENTS } from './registry.ts';
export {
  type Forecast,
  type ReproduceOptions,
  type ReproduceProgress,
  type ReproduceResult,
  reproduce,
} from './reproduce.ts';
export type { Rule, Sample } from './rule.ts';
export type {
  ObserveTrial,
  Setting,
  SettingKind,
  TrainTrial,
  Trial,
  TrialRecord,
  TrialResult,
} from './trial.ts';
