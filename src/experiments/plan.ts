/** Which trials are still to be run, given those that are there. */

import { needsFrame } from '../adapters/index.ts';
import type { Basis } from '../record/index.ts';
import type { Experiment, Results, Scale } from './experiment.ts';
import type { JobContext } from './job.ts';
import {
  type JointResult,
  type ObserveResult,
  type Setting,
  type TrainTrial,
  type TrainTrialResult,
  type Trial,
  type TrialRecord,
  trialId,
} from './trial.ts';

/** A setting as the planner sees it. */
export interface PlannedSetting {
  readonly setting: Setting;
  readonly scale: Scale;
}

/** A trial with its name, and the experiments that asked for it. */
export interface WantedTrial {
  readonly id: string;
  readonly trial: Trial;
  readonly experiments: ReadonlySet<string>;
}

/** Names trials of the settings of a run. */
export class TrialNames {
  private readonly settings: ReadonlyMap<string, Setting>;
  private readonly contents: JobContext['contents'];
  private readonly known = new Map<string, string>();

  constructor({ settings, contents }: Pick<JobContext, 'settings' | 'contents'>) {
    this.settings = new Map(settings.map((setting) => [setting.name, setting]));
    this.contents = contents;
  }

  id(trial: Trial): string {
    const key = JSON.stringify(trial);
    const known =
      this.known.get(key) ?? trialId(trial, this.settings.get(trial.setting)!, this.contents[trial.setting]!);
    this.known.set(key, known);
    return known;
  }

  /** The same for runs that differ in their length alone. */
  lineage(trial: TrainTrial): string {
    return this.id({ ...trial, steps: 0 });
  }
}

/** Finished runs, so that a longer one serves where a shorter is asked for. */
export class FinishedTrials {
  private readonly names: TrialNames;
  private readonly byId: ReadonlyMap<string, TrialRecord>;
  private readonly longest = new Map<string, TrialRecord>();

  constructor(names: TrialNames, finished: ReadonlyMap<string, TrialRecord>) {
    this.names = names;
    this.byId = finished;
    for (const record of finished.values()) this.note(record);
  }

  /** Takes a record that has just been added. */
  note(record: TrialRecord): void {
    const { trial } = record;
    if (trial.kind !== 'train' || looksAtItsEnd(trial)) return;
    const lineage = this.names.lineage(trial);
    const known = this.longest.get(lineage)?.trial as TrainTrial | undefined;
    if (known === undefined || known.steps < trial.steps) this.longest.set(lineage, record);
  }

  find(trial: Trial): TrialRecord | undefined {
    const exact = this.byId.get(this.names.id(trial));
    if (exact !== undefined || trial.kind !== 'train' || looksAtItsEnd(trial)) return exact;
    const longer = this.longest.get(this.names.lineage(trial));
    return longer !== undefined && (longer.trial as TrainTrial).steps >= trial.steps ? longer : undefined;
  }
}

/** What is measured at the end of such a run, a longer one has measured elsewhere. */
const looksAtItsEnd = (trial: TrainTrial): boolean => trial.ablate === true;

export function resultsOf({ setting, scale }: PlannedSetting, finished: FinishedTrials): Results {
  return {
    setting,
    scale,
    train: (trial) => finished.find(trial)?.result as TrainTrialResult | undefined,
    observe: (trial) => finished.find(trial)?.result as ObserveResult | undefined,
    joint: (trial) => finished.find(trial)?.result as JointResult | undefined,
  };
}

/** Everything that the experiments ask for, whether it is there or not, each trial once. */
function wantedTrials(
  experiments: readonly Experiment[],
  settings: readonly PlannedSetting[],
  results: (setting: PlannedSetting) => Results,
  names: TrialNames,
): WantedTrial[] {
  const wanted = new Map<string, { id: string; trial: Trial; experiments: Set<string> }>();
  // Experiment by experiment: a run that is stopped has whole answers to some questions.
  for (const experiment of experiments) {
    for (const planned of settings) {
      if (!experiment.settings.includes(planned.setting.kind)) continue;
      for (const trial of experiment.trials(results(planned))) {
        const id = names.id(trial);
        const known = wanted.get(id) ?? { id, trial, experiments: new Set<string>() };
        known.experiments.add(experiment.name);
        wanted.set(id, known);
      }
    }
  }
  return [...wanted.values()];
}

/** What the experiments ask for given some results, by default the finished ones, and what of it is not finished. */
export function planTrials(
  experiments: readonly Experiment[],
  settings: readonly PlannedSetting[],
  names: TrialNames,
  finished: FinishedTrials,
  results = (planned: PlannedSetting): Results => resultsOf(planned, finished),
): { readonly wanted: WantedTrial[]; readonly missing: WantedTrial[] } {
  const wanted = withoutCovered(wantedTrials(experiments, settings, results, names), names);
  return { wanted, missing: wanted.filter(({ trial }) => finished.find(trial) === undefined) };
}

/** Leaves out runs that a longer wanted one serves. */
function withoutCovered(wanted: readonly WantedTrial[], names: TrialNames): WantedTrial[] {
  const longest = new Map<string, number>();
  for (const { trial } of wanted) {
    if (trial.kind !== 'train' || looksAtItsEnd(trial)) continue;
    const lineage = names.lineage(trial);
    longest.set(lineage, Math.max(trial.steps, longest.get(lineage) ?? 0));
  }
  return wanted.filter(
    ({ trial }) =>
      trial.kind !== 'train' || looksAtItsEnd(trial) || longest.get(names.lineage(trial)) === trial.steps,
  );
}

/** Frames that a trial reads. */
export function framesOf(trial: Trial): Basis[] {
  if (trial.kind !== 'train') return [...trial.bases];
  const { family, basis, observe } = trial;
  const own = basis !== null && needsFrame(family, basis) ? [basis] : [];
  return [...new Set([...own, ...(observe?.bases ?? [])])];
}
