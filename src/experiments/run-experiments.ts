/** The runner: asks the experiments what they need, has it done, and writes down what comes. */
import { existsSync } from 'node:fs';
import { Cache } from '../checkpoint/index.ts';
import type { Basis } from '../record/index.ts';
import type { Experiment } from './experiment.ts';
import type { Executor, JobContext } from './job.ts';
import {
  FinishedTrials,
  framesOf,
  type PlannedSetting,
  planTrials,
  TrialNames,
  type WantedTrial,
} from './plan.ts';
import type { TrialRecord } from './trial.ts';
import type { TrialStore } from './trial-store.ts';
import { framesEntry } from './workbench.ts';

export interface RunInputs {
  readonly experiments: readonly Experiment[];
  readonly settings: readonly PlannedSetting[];
  readonly context: JobContext;
  readonly store: TrialStore;
  readonly executor: Executor;
  /** Stops after what is in flight is given up; finished trials are kept. */
  readonly signal?: AbortSignal;
  /** Called when a trial begins and ends. */
  readonly onProgress?: (progress: RunProgress) => void;
}

export interface RunProgress {
  /** Trials that the experiments ask for so far, those finished before included. */
  readonly wanted: number;
  readonly finished: number;
  readonly failed: number;
  /** What has just ended. */
  readonly ended?: TrialRecord;
}

/** Runs until no experiment asks for anything new. A trial that fails is noted and not tried again in this run. */
export async function runExperiments(
  inputs: RunInputs,
): Promise<{ readonly failed: readonly TrialRecord[] }> {
  const { experiments, settings, context, store, executor, signal } = inputs;
  const names = new TrialNames(context);
  const finished = new FinishedTrials(names, store.finished);
  const failed = new Map<string, TrialRecord>();
  const inFlight = new Map<string, Promise<void>>();
  const framesInFlight = new Set<string>();
  /** Frames that could not be made in this run: not tried again. */
  const hopeless = new Set<string>();
  const plan = () => {
    const { wanted, missing } = planTrials(experiments, settings, names, finished);
    return { wanted, missing: missing.filter(({ id }) => !failed.has(id)) };
  };
  const report = (ended?: TrialRecord) => {
    const { wanted, missing } = plan();
    inputs.onProgress?.({
      wanted: wanted.length,
      finished: wanted.length - missing.length - failed.size,
      failed: failed.size,
      ...(ended === undefined ? {} : { ended }),
    });
  };
  const cache = new Cache(context.cacheFolder, () => {});
  const missingFrames = (setting: string, bases: readonly Basis[], seed: number): Basis[] => {
    const planned = settings.find((one) => one.setting.name === setting)!.setting;
    const of = { contents: context.contents[setting]!, identity: context.identities[setting]! };
    return bases.filter((basis) => !existsSync(cache.pathOf(framesEntry(planned, of, basis, seed))));
  };
  const track = (key: string, work: Promise<void>) => {
    inFlight.set(
      key,
      work.finally(() => inFlight.delete(key)),
    );
  };
  const runTrial = async ({ id, trial }: WantedTrial) => {
    const began = performance.now();
    const seconds = () => Math.round((performance.now() - began) / 10) / 100;
    let record: TrialRecord;
    try {
      record = { id, trial, result: await executor.run({ kind: 'trial', trial }), seconds: seconds() };
    } catch (error) {
      if (signal?.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      record = { id, trial, result: null, error: message, seconds: seconds() };
      failed.set(id, record);
    }
    store.add(record);
    finished.note(record);
    report(record);
  };
  const runFrames = async (setting: string, bases: readonly Basis[], seed: number) => {
    const key = `${setting}/${seed}`;
    framesInFlight.add(key);
    try {
      await executor.run({ kind: 'frames', setting, bases, seed });
    } catch {
      // The trials that need them will fail with the reason.
    } finally {
      for (const basis of missingFrames(setting, bases, seed)) hopeless.add(`${key}/${basis}`);
      framesInFlight.delete(key);
    }
  };

  /** Starts one more job; false when there is nothing to start now. */
  const startNext = (): boolean => {
    const { missing } = plan();
    const waiting = missing.filter(({ id }) => !inFlight.has(id));
    for (const wanted of waiting) {
      const { setting, seed } = wanted.trial;
      const key = `${setting}/${seed}`;
      const needed = (one: WantedTrial) =>
        missingFrames(setting, framesOf(one.trial), seed).filter((basis) => !hopeless.has(`${key}/${basis}`));
      if (needed(wanted).length === 0) {
        track(wanted.id, runTrial(wanted));
        return true;
      }
      if (framesInFlight.has(key)) continue;
      const same = waiting.filter(({ trial }) => trial.setting === setting && trial.seed === seed);
      track(key, runFrames(setting, [...new Set(same.flatMap(needed))], seed));
      return true;
    }
    return false;
  };

  const stopped = new Promise<void>((resolve) => {
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  report();
  while (!signal?.aborted) {
    while (inFlight.size < executor.slots && startNext());
    if (inFlight.size === 0) break;
    await Promise.race([...inFlight.values(), stopped]);
  }
  return { failed: [...failed.values()] };
}
