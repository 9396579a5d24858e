/** What an experiment is: data that the runner executes, and rules written before it does. */
import type { ExperimentFigure, ExperimentTable } from '../record/index.ts';
import type { Rule, Sample } from './rule.ts';
import type {
  JointResult,
  JointTrial,
  ObserveResult,
  ObserveTrial,
  Setting,
  SettingKind,
  TrainTrial,
  TrainTrialResult,
  Trial,
} from './trial.ts';

/** How much a run spends. */
export interface Scale {
  readonly quick: boolean;
  /** Seeds of every arm. */
  readonly seeds: readonly number[];
  /** Learning rates that every arm is tuned over, ascending by one factor; see `tuning.ts`. */
  readonly learningRates: readonly number[];
  /** K of the cores whose grid that is; see `startRates`. */
  readonly coreRank: number;
  /** Ranks of a sweep, ascending. */
  readonly ranks: readonly number[];
  /** Steps of a short run (40) and of a long one (400). */
  readonly shortSteps: number;
  readonly longSteps: number;
  /** Budgets of steps at which ranks are compared, ascending. */
  readonly budgets: readonly number[];
  /** Steps at which the source looks at coverage: 1, 10, 20, 40. An observation at step s has s − 1 updates behind it. */
  readonly observedSteps: readonly number[];
}

/** Results so far, for one setting. */
export interface Results {
  readonly setting: Setting;
  readonly scale: Scale;
  /** The result of a run, or of a longer one that is otherwise the same; undefined while there is none. */
  train(trial: TrainTrial): TrainTrialResult | undefined;
  observe(trial: ObserveTrial): ObserveResult | undefined;
  joint(trial: JointTrial): JointResult | undefined;
}

/** A question with its trials, measurements and claims. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly method: string;
  /** Settings, by kind, that it is run in. */
  readonly settings: readonly SettingKind[];
  /**
   * The trials that it needs, given what is known: asked again whenever some have finished, until it asks for
   * nothing new. So later trials can depend on earlier ones, such as the seeds of a tuned learning rate.
   */
  trials(results: Results): Trial[];
  /** Claims with their rules. */
  readonly claims: readonly Claim[];
  tables(results: Results): ExperimentTable[];
  figures(results: Results): ExperimentFigure[];
  /** Sentences for the reader, with numbers from the data. */
  notes(results: Results): string[];
}

/** One sentence of the source, or of ours, and how the data decide on it. */
export interface Claim {
  /** Unique, such as `paper87-a/linear`. */
  readonly id: string;
  /** Rows of the mission, such as `M6`. */
  readonly rows: readonly string[];
  /** Settings that it is judged in, where it makes no sense in all of its experiment's. */
  readonly settings?: readonly SettingKind[];
  readonly statement: string;
  readonly sourceFigure: string;
  /** What is estimated, in words. */
  readonly quantity: string;
  readonly rule: Rule;
  /** The estimate; null when trials are missing. */
  measure(results: Results): Sample | null;
  /** One sentence of why, from the data; the estimate and the verdict are said beside it. */
  why(results: Results): string;
}
