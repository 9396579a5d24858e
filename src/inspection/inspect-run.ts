/** What a run of ours was: command, model, data, and the figures that it ended with. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  ADAPTER_FILE,
  holdsReproduction,
  holdsTraining,
  PROBE_FILE,
  placeOf,
  readProbeRecord,
  readReproductionRecord,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
} from '../record/index.ts';
import { type AdapterInspection, inspectOwnAdapter } from './inspect-adapter.ts';

export interface RunInspection {
  readonly kind: 'run';
  readonly path: string;
  readonly command: string;
  readonly arguments: readonly string[] | null;
  readonly status: string;
  readonly startedAt: string | null;
  readonly seed: number | null;
  readonly model: string | null;
  readonly data: string | null;
  /** What it ended with, by what it is called. */
  readonly figures: Readonly<Record<string, number | string>>;
  readonly adapter: AdapterInspection | null;
  /** Of its folder. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** A run's folder, or a record in it. Throws as the readers of records do. */
export function inspectRun(path: string): RunInspection {
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  const run = readRunRecord(folder);
  const shared = {
    kind: 'run',
    path,
    arguments: run?.arguments ?? null,
    startedAt: run?.startedAt ?? null,
    seed: run?.seed ?? null,
    adapter: existsSync(join(folder, ADAPTER_FILE)) ? inspectOwnAdapter(folder) : null,
    files: filesOf(folder),
  } as const;
  if (holdsReproduction(path)) {
    const { status, settings, claims } = readReproductionRecord(path);
    const figures: Record<string, number> = {};
    for (const { verdict } of claims) figures[verdict] = (figures[verdict] ?? 0) + 1;
    return {
      ...shared,
      command: 'reproduce',
      status,
      model: settings.map(({ name }) => name).join(', '),
      data: null,
      figures,
    };
  }
  if (holdsTraining(path)) {
    const { status, model, data, step, settings, adapter } = readTrainRecord(path);
    return {
      ...shared,
      command: 'train',
      status,
      seed: settings.seed,
      model: placeOf(model),
      data: data.path,
      figures: {
        steps: `${step} of ${settings.steps}`,
        'trained parameters': adapter.trainedParameters,
        ...lossesOf(readTrainMetrics(path)),
      },
    };
  }
  if (statSync(path).isFile() || existsSync(join(folder, PROBE_FILE)) || run === null) {
    const record = readProbeRecord(path);
    const { status, model, data, settings, measured, global } = record;
    const ranks = settings.ranks.at(-1);
    const reached = global.bases.flatMap(({ basis, families }) => {
      const point = families[0]?.points.at(-1);
      return point === undefined
        ? []
        : [[`${families[0]!.family} coverage, ${basis}, rank ${ranks}`, point.coverage.mean] as const];
    });
    return {
      ...shared,
      command: 'probe',
      status,
      seed: settings.seed,
      model: model.path,
      data: data.path,
      figures: { batches: measured.batches, loss: measured.loss.mean, ...Object.fromEntries(reached) },
    };
  }
  return { ...shared, command: run.command, status: run.status, model: null, data: null, figures: {} };
}

function lossesOf(metrics: ReturnType<typeof readTrainMetrics>): Record<string, number> {
  const figures: Record<string, number> = {};
  const evaluated = metrics.flatMap(({ evalLoss }) => evalLoss ?? []);
  const losses = metrics.flatMap(({ loss }) => loss ?? []);
  if (losses.length > 0) {
    figures['loss of the first batch'] = losses[0]!;
    figures['loss of the last batch'] = losses.at(-1)!;
  }
  if (evaluated.length > 0) {
    figures['evaluation loss, first'] = evaluated[0]!;
    figures['evaluation loss, last'] = evaluated.at(-1)!;
  }
  return figures;
}

const filesOf = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => ({ name, bytes: statSync(join(folder, name)).size }));
