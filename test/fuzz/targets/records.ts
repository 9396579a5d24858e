/** Records of runs: what is accepted must also be shown by every reporter. */
import { openTrialStore, TRIALS_FILE } from '../../../src/experiments/trial-store.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import {
  readProbeRecord,
  readReproductionRecord,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
} from '../../../src/record/index.ts';
import {
  renderProbeHtml,
  renderProbeMarkdown,
  renderProbeTable,
  renderReproductionHtml,
  renderReproductionMarkdown,
  renderReproductionTable,
  renderTrainHtml,
  reproductionFiles,
  summarizeTraining,
} from '../../../src/report/index.ts';
import { exampleProbeRecord, exampleRunRecord } from '../../../src/report/testing.ts';
import { exampleReproductionRecord } from '../../../src/report/testing-reproduction.ts';
import { exampleTrainMetrics, exampleTrainRecord } from '../../../src/report/testing-training.ts';
import { textBytes } from '../kit/change-bytes.ts';
import { type BrokenJson, breakJson, differs, strictRules } from '../kit/json-case.ts';
import { chance, pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { together } from '../kit/tensor-file.ts';

const PROBE = exampleProbeRecord({
  blocks: 1,
  width: 8,
  bases: ['svd', 'natural'],
  families: ['core', 'left'],
  ranks: [2, 4],
});
const RUN = exampleRunRecord();
const WHOLE = exampleReproductionRecord();
/** Some of everything, and small: all its pages are made for every case. */
const REPRODUCTION = { ...WHOLE, claims: WHOLE.claims.slice(0, 3), experiments: WHOLE.experiments.slice(-1) };

export const probeRecord = defineTarget({
  name: 'probe-record',
  weight: 1,
  make: (rng) => documents(rng, { 'probe.json': PROBE, 'run.json': RUN }),
  read(folder) {
    return { 'probe.json': readProbeRecord(folder), 'run.json': readRunRecord(folder) };
  },
  use({ 'probe.json': record, 'run.json': run }) {
    renderProbeTable(record, { color: true });
    renderProbeMarkdown(record);
    renderProbeHtml(record, run);
  },
});

export const reproductionRecord = defineTarget({
  name: 'reproduction-record',
  weight: 1,
  make: (rng) => documents(rng, { 'reproduction.json': REPRODUCTION }),
  read(folder) {
    return { 'reproduction.json': readReproductionRecord(folder) };
  },
  use({ 'reproduction.json': record }) {
    renderReproductionTable(record, { color: false });
    renderReproductionMarkdown(record);
    renderReproductionHtml(record);
    reproductionFiles(record);
  },
});

export const trainRecord = defineTarget({
  name: 'train-record',
  weight: 1,
  make(rng) {
    const lines = exampleTrainMetrics().map((row) => breakLine(row, rng));
    const text = lines.map(({ bytes }) => `${Buffer.from(bytes).toString('utf8')}\n`).join('');
    // The last line may have been cut off by a kill: then it does not count.
    const cut = chance(rng, 0.2) ? text.slice(0, text.length - 1 - rng.integer(20)) : text;
    const made = documents(rng, { 'train.json': exampleTrainRecord(), 'run.json': RUN });
    const whole = cut === text;
    const { verdict, changes } = together([made, ...(whole ? lines : lines.slice(0, -1))]);
    return {
      files: { ...made.files, 'metrics.jsonl': textBytes(cut) },
      verdict:
        lines.some(({ verdict: one }) => one === 'either') && verdict !== 'refuse' ? 'either' : verdict,
      changes,
      check: (read) =>
        made.check?.(read) ??
        (changes.length === 0
          ? differs(
              whole ? exampleTrainMetrics() : exampleTrainMetrics().slice(0, -1),
              (read as { metrics: unknown }).metrics,
            )
          : undefined),
    } satisfies FuzzCase<unknown>;
  },
  read(folder) {
    return {
      'train.json': readTrainRecord(folder),
      'run.json': readRunRecord(folder),
      metrics: readTrainMetrics(folder),
    };
  },
  use({ 'train.json': record, 'run.json': run, metrics }) {
    renderTrainHtml(record, metrics, run);
    summarizeTraining(record, metrics);
  },
});

const TRIAL = {
  id: '0123456789abcdef',
  trial: { kind: 'observe', setting: 'pretrained', bases: ['svd'], seed: 1 },
  result: { evalLoss: 4.5, observation: { step: 1, points: [], ranks: { batch: 1, mean: 1, weights: 1 } } },
  seconds: 1.5,
};

export const trials = defineTarget({
  name: 'trials',
  weight: 1,
  make(rng) {
    const lines = Array.from({ length: 1 + rng.integer(4) }, (_, i) =>
      breakLine({ ...TRIAL, id: String(i) }, rng, ['id', 'trial', 'result']),
    );
    const text = lines.map(({ bytes }) => `${Buffer.from(bytes).toString('utf8')}\n`).join('');
    const { verdict, changes } = together(lines);
    return {
      files: { [TRIALS_FILE]: textBytes(text) },
      verdict,
      changes,
      check: (read) =>
        changes.length === 0 && read !== lines.length ? `${read} trials of ${lines.length}` : undefined,
    };
  },
  read: (folder) => openTrialStore(folder).finished.size,
});

/** A line of JSON: a line break in it would make two. */
function breakLine(row: object, rng: Rng, needed: readonly string[] = []): BrokenJson {
  const broken = breakJson(row, rng, {
    intact: 0.8,
    breaks: ({ what, path }) =>
      (what === 'retype' && path !== 'result' && (needed.length === 0 || needed.includes(path))) ||
      (what === 'remove' && needed.includes(path)),
  });
  const oneLine = !Buffer.from(broken.bytes).includes('\n') && broken.bytes.length > 0;
  return oneLine ? broken : { ...broken, bytes: textBytes('{}'), verdict: 'either' };
}

/** Strict documents, all of them broken now and then. */
function documents(rng: Rng, values: Readonly<Record<string, unknown>>) {
  const rules = strictRules(['framesFiles', 'low', 'high', ...Object.keys(RUN.versions)], ['versions']);
  const wrong = pick(rng, Object.keys(values));
  const made = Object.entries(values).map(
    ([name, value]) =>
      [name, breakJson(value, rng, name === wrong ? rules : { ...rules, intact: 1 })] as const,
  );
  const { verdict, changes } = together(made.map(([, one]) => one));
  return {
    files: Object.fromEntries(made.map(([name, { bytes }]) => [name, bytes])),
    verdict,
    changes,
    check: (read: unknown) =>
      changes.length > 0
        ? undefined
        : Object.entries(values)
            .map(([name, value]) => differs(value, (read as Record<string, unknown>)[name]))
            .find((difference) => difference !== undefined),
  } satisfies FuzzCase<unknown>;
}
