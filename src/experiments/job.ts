/** Work that an executor does, and its answers; plain data, so that it can travel to other processes. */
import type { Basis } from '../record/index.ts';
import type { SettingIdentity } from './setting-identity.ts';
import type { Setting, Trial, TrialResult } from './trial.ts';

export type Job =
  | { readonly kind: 'trial'; readonly trial: Trial }
  /** Makes frames files that trials will read. */
  | {
      readonly kind: 'frames';
      readonly setting: string;
      readonly bases: readonly Basis[];
      readonly seed: number;
    };

/** A trial's result; null for frames, which are left on disk. */
export type JobResult = TrialResult | null;

/** What every process needs to know of a run. */
export interface JobContext {
  readonly settings: readonly Setting[];
  /** Setting name → hashes of its model and text. */
  readonly contents: Readonly<Record<string, readonly string[]>>;
  /** Setting name → config of its model and token ids of its text, which weights and text alone do not determine. */
  readonly identities: Readonly<Record<string, SettingIdentity>>;
  /** Of weights, decompositions and frames. */
  readonly cacheFolder: string;
  /** Of the engine of each process. */
  readonly threads: number;
}

/** Runs jobs somewhere: in child processes here; another executor can send them to other machines. */
export interface Executor {
  /** Jobs that can run at once. */
  readonly slots: number;
  /** Rejects when the job fails; the executor can go on with others. */
  run(job: Job): Promise<JobResult>;
  /** Ends the jobs in flight. */
  close(): Promise<void>;
}
