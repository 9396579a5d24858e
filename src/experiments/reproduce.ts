/** Everything that `rankscope reproduce` does, but for talking. */
import { type FolderLock, lockFolder, makeFolder } from '../files/index.ts';
import { quantile } from '../numeric/index.ts';
import type { ReproductionRecord } from '../record/index.ts';
import { assembleRecord, type Provenance } from './assemble.ts';
import type { Experiment } from './experiment.ts';
import { assumedStepSeconds, forecaster, stepsOf } from './forecast.ts';
import type { Executor, JobContext } from './job.ts';
import { createProcessPool } from './process-pool.ts';
import { runExperiments } from './run-experiments.ts';
import { keepIdentities } from './setting-identity.ts';
import { type PreparedSetting, prepareSetting } from './settings.ts';
import type { SettingKind, Trial, TrialRecord } from './trial.ts';
import { openTrialStore } from './trial-store.ts';

export interface ReproduceOptions {
  readonly experiments: readonly Experiment[];
  /** The model, and how it starts; experiments that do not ask for any of these settings run nowhere. */
  readonly settings: readonly { readonly kind: SettingKind; readonly model: string; readonly data: string }[];
  readonly quick: boolean;
  /** Where `trials.jsonl` is kept: a second run there goes on. */
  readonly directory: string;
  /** On the folder, when the caller holds it; otherwise the run takes it. */
  readonly lock?: FolderLock;
  readonly cacheFolder: string;
  /** Processes at once. */
  readonly jobs: number;
  /** Another place for the work than processes of this machine. */
  readonly executor?: (context: JobContext) => Executor;
  readonly provenance: Provenance;
  readonly signal?: AbortSignal;
  /** Called once, before any trial runs. */
  readonly onForecast?: (forecast: Forecast) => void;
  readonly onProgress?: (progress: ReproduceProgress) => void;
}

export interface Forecast {
  /** Trials that are there from earlier. */
  readonly finished: number;
  /** Trials to come, at least: learning rates at the edge of their grid ask for more. */
  readonly trials: number;
  readonly seconds: number;
}

export interface ReproduceProgress {
  readonly finished: number;
  /** Those finished or failed, and those foreseen. */
  readonly wanted: number;
  readonly failed: number;
  /** By the pace so far. */
  readonly secondsLeft: number;
  readonly ended?: TrialRecord;
}

export interface ReproduceResult {
  readonly record: ReproductionRecord;
  /** Trials that failed in this run; the next run tries them again. */
  readonly failed: readonly TrialRecord[];
}

/** @throws UserError when a model or text cannot be read, the folder not be written, or another process is at work there. */
export async function reproduce(options: ReproduceOptions): Promise<ReproduceResult> {
  makeFolder(options.directory);
  const lock = options.lock ?? lockFolder(options.directory);
  try {
    return await reproduceAlone(options);
  } finally {
    if (options.lock === undefined) lock.release();
  }
}

/** In a folder that no other process works in. */
async function reproduceAlone(options: ReproduceOptions): Promise<ReproduceResult> {
  const { experiments, quick, directory, cacheFolder, jobs } = options;
  const asked = options.settings.filter(({ kind }) =>
    experiments.some(({ settings }) => settings.includes(kind)),
  );
  const settings: PreparedSetting[] = [];
  for (const one of asked) settings.push(await prepareSetting({ ...one, quick, cacheFolder }));
  keepIdentities(directory, settings);
  const context: JobContext = {
    settings: settings.map(({ setting }) => setting),
    contents: Object.fromEntries(settings.map(({ setting, contents }) => [setting.name, contents])),
    identities: Object.fromEntries(settings.map(({ setting, identity }) => [setting.name, identity])),
    cacheFolder,
    threads: 1,
  };
  const store = openTrialStore(directory);
  const pace = new Pace(settings, jobs, store.finished);
  const foresee = forecaster(experiments, settings, context);
  const ahead = () => foresee(store.finished).map(({ trial }) => trial);
  const trials = ahead();
  options.onForecast?.({
    finished: store.finished.size,
    trials: trials.length,
    seconds: pace.secondsOf(trials),
  });
  const executor = options.executor?.(context) ?? createProcessPool(context, jobs);
  try {
    const { failed } = await runExperiments({
      experiments,
      settings,
      context,
      store,
      executor,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onProgress: (progress) => {
        const { ended, wanted, finished, failed } = progress;
        if (ended !== undefined) pace.note(ended);
        const left = finished + failed < wanted ? ahead() : [];
        options.onProgress?.({
          ...progress,
          // What failed is foreseen too: the next run tries it again.
          wanted: Math.max(wanted, finished + left.length),
          secondsLeft: pace.secondsOf(left),
        });
      },
    });
    return {
      record: assembleRecord(experiments, settings, context, store.finished, options.provenance),
      failed,
    };
  } finally {
    await executor.close();
  }
}

/** Seconds of a step in each setting: the median of the trials that were timed, which one long pause does not move. */
class Pace {
  private readonly settings: ReadonlyMap<string, PreparedSetting>;
  private readonly jobs: number;
  private readonly stepSeconds = new Map<string, number[]>();

  constructor(
    settings: readonly PreparedSetting[],
    jobs: number,
    finished: ReadonlyMap<string, TrialRecord>,
  ) {
    this.settings = new Map(settings.map((one) => [one.setting.name, one]));
    this.jobs = jobs;
    for (const record of finished.values()) this.note(record);
  }

  note({ trial, seconds, result }: TrialRecord): void {
    const planned = this.settings.get(trial.setting);
    if (planned === undefined || result === null) return;
    const known = this.stepSeconds.get(trial.setting) ?? [];
    this.stepSeconds.set(trial.setting, [...known, seconds / stepsOf(trial, planned.setting)]);
  }

  secondsOf(trials: readonly Trial[]): number {
    const perStep = new Map(
      [...this.settings].map(([name, { setting, record }]) => {
        const timed = this.stepSeconds.get(name);
        const assumed = assumedStepSeconds(setting, record.model.parameters);
        return [name, timed === undefined ? assumed : quantile(timed, 0.5)] as const;
      }),
    );
    const work = trials.reduce((sum, trial) => {
      const { setting } = this.settings.get(trial.setting)!;
      return sum + perStep.get(trial.setting)! * stepsOf(trial, setting);
    }, 0);
    return work / this.jobs;
  }
}
