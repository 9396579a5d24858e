/** From finished trials to the record: claims judged together, tables and figures of every experiment. */
import type { ClaimResult, ExperimentResult, ReproductionRecord } from '../record/index.ts';
import type { Experiment, Results } from './experiment.ts';
import type { JobContext } from './job.ts';
import { judge, LEVEL } from './judge.ts';
import { FinishedTrials, planTrials, resultsOf, TrialNames } from './plan.ts';
import type { PreparedSetting } from './settings.ts';
import type { TrialRecord } from './trial.ts';

/** What a record says of how it was made. */
export type Provenance = Pick<ReproductionRecord, 'command' | 'versions' | 'machine'>;

export function assembleRecord(
  experiments: readonly Experiment[],
  settings: readonly PreparedSetting[],
  context: JobContext,
  finished: ReadonlyMap<string, TrialRecord>,
  provenance: Provenance,
): ReproductionRecord {
  const names = new TrialNames(context);
  const trials = new FinishedTrials(names, finished);
  const results = new Map(settings.map((planned) => [planned.setting.kind, resultsOf(planned, trials)]));
  const described = experiments.map((experiment) => {
    const chosen = settings.filter(({ setting }) => experiment.settings.includes(setting.kind));
    const { wanted } = planTrials([experiment], settings, names, trials);
    const done = wanted.flatMap(({ trial }) => trials.find(trial) ?? []);
    return describe(
      experiment,
      chosen.map(({ setting }) => results.get(setting.kind)!),
      wanted.length,
      done,
    );
  });
  return {
    schema: 'rankscope.reproduction',
    version: 1,
    status: described.every(({ trials: { planned, finished: done } }) => done === planned)
      ? 'complete'
      : 'partial',
    quick: settings.some(({ scale }) => scale.quick),
    ...provenance,
    settings: settings.map(({ record }) => record),
    level: LEVEL,
    claims: judgeClaims(experiments, settings, results),
    experiments: described,
  };
}

function describe(
  { name, title, question, method, tables, figures, notes }: Experiment,
  results: readonly Results[],
  planned: number,
  done: readonly TrialRecord[],
): ExperimentResult {
  return {
    name,
    title,
    question,
    method,
    notes: results.flatMap((one) => notes(one).map((text) => ({ setting: one.setting.name, text }))),
    tables: results.flatMap((one) => tables(one)),
    figures: results.flatMap((one) => figures(one)),
    trials: {
      planned,
      finished: done.length,
      failed: 0,
      seconds: done.reduce((sum, { seconds }) => sum + seconds, 0),
    },
  };
}

/** The claims of every setting that asks them, corrected for their number setting by setting. */
function judgeClaims(
  experiments: readonly Experiment[],
  settings: readonly PreparedSetting[],
  results: ReadonlyMap<string, Results>,
): ClaimResult[] {
  return settings.flatMap(({ setting: { kind } }) => {
    const known = results.get(kind)!;
    const cases = experiments.flatMap((experiment) =>
      experiment.claims
        .filter((claim) => (claim.settings ?? experiment.settings).includes(kind))
        .map((claim) => ({ experiment, claim, rule: claim.rule, sample: claim.measure(known) })),
    );
    const judgements = judge(cases);
    return cases.map(({ experiment, claim }, index): ClaimResult => {
      const { remark, ...judgement } = judgements[index]!;
      const { name } = experiment;
      const { id, rows, statement, sourceFigure, quantity, rule } = claim;
      const setting = known.setting.name;
      return {
        ...{ id, experiment: name, rows: [...rows], statement, sourceFigure, setting, quantity },
        rule: rule.words,
        ...judgement,
        why: remark ?? claim.why(known),
      };
    });
  });
}
