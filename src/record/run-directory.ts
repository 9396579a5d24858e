/**
 * A run directory: `run.json` (what was asked), `probe.json`, `train.json` or `reproduction.json` (what was found),
 * `metrics.jsonl` (one line per step). Writes are synchronous: files are few, and an interrupted run must not end
 * with one half queued.
 */
import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { invariant, UserError } from '../errors/index.ts';
import { isLockFile, makeFolder, tellWriteErrors } from '../files/index.ts';
import { type AdviceRecord, adviceRecordSchema } from './advice-record.ts';
import { type ClaimsRecord, claimsRecordSchema } from './claims-record.ts';
import { type PretrainRecord, pretrainRecordSchema } from './pretrain-record.ts';
import { type ProbeRecord, probeRecordSchema } from './probe-record.ts';
import {
  ADVICE_FILE,
  CLAIMS_FILE,
  METRICS_FILE,
  PRETRAIN_FILE,
  PROBE_FILE,
  REPRODUCTION_FILE,
  RUN_FILE,
  readRunRecord,
  TRAIN_FILE,
} from './read-record.ts';
import { type ReproductionRecord, reproductionRecordSchema } from './reproduction-record.ts';
import { type RunRecord, runRecordSchema } from './run-record.ts';
import { type TrainRecord, trainRecordSchema } from './train-record.ts';
import { writeJsonAtomic } from './write-json.ts';

/**
 * Makes the folder and its `run.json`, before any work is done, so that a folder that cannot be written is
 * known at once.
 *
 * @returns the absolute path of the run directory, which the other functions take.
 * @throws UserError `output-exists` when the folder holds files already, `cannot-write`.
 */
export function createRunDirectory(path: string, run: RunRecord): string {
  const directory = resolve(path);
  checkRecord(runRecordSchema, run, RUN_FILE);
  const present = tellWriteErrors(directory, () => {
    makeFolder(directory);
    return readdirSync(directory).filter((name) => !isLockFile(name));
  });
  if (present.length > 0) {
    throw new UserError('output-exists', {
      what: `the output folder ${directory} is not empty`,
      got: present.slice(0, 3).join(', ') + (present.length > 3 ? `, and ${present.length - 3} more` : ''),
      expected: 'a folder that is empty or does not exist yet',
      fix: 'choose another folder, or remove this one',
    });
  }
  writeJsonAtomic(join(directory, RUN_FILE), run);
  return directory;
}

/** Writes `probe.json`. A record that breaks its own schema is a defect of ours and is not written. */
export function writeProbeRecord(directory: string, record: ProbeRecord): void {
  checkRecord(probeRecordSchema, record, PROBE_FILE);
  writeJsonAtomic(join(directory, PROBE_FILE), record);
}

/** Writes `advice.json`, as {@link writeProbeRecord}. */
export function writeAdviceRecord(directory: string, record: AdviceRecord): void {
  checkRecord(adviceRecordSchema, record, ADVICE_FILE);
  writeJsonAtomic(join(directory, ADVICE_FILE), record);
}

/** Writes `train.json`, as {@link writeProbeRecord}. */
export function writeTrainRecord(directory: string, record: TrainRecord): void {
  checkRecord(trainRecordSchema, record, TRAIN_FILE);
  writeJsonAtomic(join(directory, TRAIN_FILE), record);
}

/** Writes `pretrain.json`, as {@link writeProbeRecord}. */
export function writePretrainRecord(directory: string, record: PretrainRecord): void {
  checkRecord(pretrainRecordSchema, record, PRETRAIN_FILE);
  writeJsonAtomic(join(directory, PRETRAIN_FILE), record);
}

/** Writes `reproduction.json` and, beside it, its claims alone as `claims.json`, as {@link writeProbeRecord}. */
export function writeReproductionRecord(directory: string, record: ReproductionRecord): void {
  const { status, quick, level, claims } = record;
  const alone: ClaimsRecord = { schema: 'rankscope.claims', version: 1, status, quick, level, claims };
  checkRecord(reproductionRecordSchema, record, REPRODUCTION_FILE);
  checkRecord(claimsRecordSchema, alone, CLAIMS_FILE);
  writeJsonAtomic(join(directory, REPRODUCTION_FILE), record);
  writeJsonAtomic(join(directory, CLAIMS_FILE), alone);
}

/** Adds one line to `metrics.jsonl`: a flat object of finite numbers. */
export function appendMetrics(directory: string, row: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(row)) {
    invariant(Number.isFinite(value), `metric "${name}" is ${value}`);
  }
  const path = join(directory, METRICS_FILE);
  tellWriteErrors(path, () => appendFileSync(path, `${JSON.stringify(row)}\n`));
}

/** Marks the run as ended, now. */
export function finishRun(directory: string, status: 'complete' | 'partial'): void {
  const run = readRunRecord(directory);
  invariant(run !== null, `${directory} has no ${RUN_FILE}`);
  const finishedAt = new Date().toISOString();
  writeJsonAtomic(join(directory, RUN_FILE), { ...run, status, finishedAt });
}

/** Removes what {@link createRunDirectory} made, for a run that failed before it measured anything. */
export function discardRun(directory: string): void {
  for (const file of [RUN_FILE, METRICS_FILE]) rmSync(join(directory, file), { force: true });
  if (existsSync(directory) && readdirSync(directory).length === 0) rmSync(directory, { recursive: true });
}

function checkRecord(schema: z.ZodType, value: unknown, name: string): void {
  const result = schema.safeParse(value);
  invariant(
    result.success,
    `${name} breaks its schema:\n${result.error ? z.prettifyError(result.error) : ''}`,
  );
}
