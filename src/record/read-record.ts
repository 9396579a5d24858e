/** Reading records: files that may come from elsewhere, so all of it is checked before any of it is used. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors/index.ts';
import { parseJson, readJsonFile, readTextFile, SIZE_LIMITS } from '../files/index.ts';
import { type AdapterRecord, adapterRecordSchema } from './adapter-record.ts';
import { type AdviceRecord, adviceRecordSchema } from './advice-record.ts';
import { type ProbeRecord, probeRecordSchema } from './probe-record.ts';
import { type ReproductionRecord, reproductionRecordSchema } from './reproduction-record.ts';
import { type RunRecord, runRecordSchema } from './run-record.ts';
import {
  type TrainMetrics,
  type TrainRecord,
  trainMetricsSchema,
  trainRecordSchema,
} from './train-record.ts';

export const PROBE_FILE = 'probe.json';
export const RUN_FILE = 'run.json';
export const ADAPTER_FILE = 'adapter.json';
export const TRAIN_FILE = 'train.json';
export const PRETRAIN_FILE = 'pretrain.json';
export const METRICS_FILE = 'metrics.jsonl';
export const REPRODUCTION_FILE = 'reproduction.json';
export const ADVICE_FILE = 'advice.json';
export const CLAIMS_FILE = 'claims.json';

/** What PEFT names its adapters' description. */
const PEFT_FILE = 'adapter_config.json';

const headSchema = z.object({ schema: z.string(), version: z.number() });

/**
 * The probe record in `path`: a run directory, or the file itself.
 *
 * @throws UserError `file-not-found`, `file-not-readable`, `record-not-json`, `record-wrong-kind` (another schema or
 * version), `record-invalid`.
 *
 * @example
 * ```ts
 * console.log(renderProbeMarkdown(readProbeRecord('rankscope-runs/first')));
 * ```
 */
export function readProbeRecord(path: string): ProbeRecord {
  return readRecord(fileIn(path, PROBE_FILE), probeRecordSchema);
}

/**
 * The adapter record in `path`: the directory of an adapter or a training run, or the file itself.
 *
 * @throws UserError `adapter-foreign`, and as {@link readProbeRecord}.
 *
 * @example
 * ```ts
 * console.log(readAdapterRecord('runs/first').layers.length);
 * ```
 */
export function readAdapterRecord(path: string): AdapterRecord {
  if (isDirectory(path) && !existsSync(join(path, ADAPTER_FILE)) && existsSync(join(path, PEFT_FILE))) {
    throw new UserError('adapter-foreign', {
      what: `${path} is an adapter of PEFT, which is written here and not read.`,
      got: PEFT_FILE,
      expected: `the folder of a training run, with ${ADAPTER_FILE}`,
      fix: 'merge it into its base with PEFT (merge_and_unload, save_pretrained) and name that as the model',
    });
  }
  return readRecord(fileIn(path, ADAPTER_FILE), adapterRecordSchema);
}

/**
 * The record of a training run in `path`: its directory, or the file itself.
 *
 * @throws UserError as {@link readProbeRecord}.
 *
 * @example
 * ```ts
 * console.log(readTrainRecord('runs/first').status);
 * ```
 */
export function readTrainRecord(path: string): TrainRecord {
  return readRecord(fileIn(path, TRAIN_FILE), trainRecordSchema);
}

/**
 * The record of a reproduction in `path`: its directory, or the file itself.
 *
 * @throws UserError as {@link readProbeRecord}.
 */
export function readReproductionRecord(path: string): ReproductionRecord {
  return readRecord(fileIn(path, REPRODUCTION_FILE), reproductionRecordSchema);
}

/**
 * The record of an advice in `path`: its directory, or the file itself.
 *
 * @throws UserError as {@link readProbeRecord}.
 */
export function readAdviceRecord(path: string): AdviceRecord {
  return readRecord(fileIn(path, ADVICE_FILE), adviceRecordSchema);
}

/** Whether `path` is the directory of an advice, or the record of one; throws as {@link holdsTraining}. */
export function holdsAdvice(path: string): boolean {
  return holds(path, ADVICE_FILE, adviceRecordSchema);
}

/**
 * Whether `path` is the directory of a training run, or the record of one.
 *
 * @throws UserError `file-not-found`, `file-not-readable`, `record-not-json`.
 */
export function holdsTraining(path: string): boolean {
  return holds(path, TRAIN_FILE, trainRecordSchema);
}

/** Whether `path` is the directory of a reproduction, or the record of one; throws as {@link holdsTraining}. */
export function holdsReproduction(path: string): boolean {
  return holds(path, REPRODUCTION_FILE, reproductionRecordSchema);
}

function holds(path: string, file: string, schema: RecordSchema): boolean {
  if (isDirectory(path)) return existsSync(join(path, file));
  const head = headSchema.safeParse(readJson(path));
  return head.success && head.data.schema === schema.shape.schema.value;
}

/**
 * The metrics of a training run in order of steps, from its directory (or a file in it); a last line that was cut
 * off in the middle is left out.
 *
 * @throws UserError `record-invalid`.
 *
 * @example
 * ```ts
 * const losses = readTrainMetrics('runs/first').map(({ step, loss }) => [step, loss]);
 * ```
 */
export function readTrainMetrics(path: string): TrainMetrics[] {
  const file = join(isDirectory(path) ? path : join(path, '..'), METRICS_FILE);
  if (!existsSync(file)) return [];
  // Every whole line ends with a line break, so what follows the last one is a part or nothing.
  const lines = readTextFile(file, SIZE_LIMITS.record).split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const parsed = trainMetricsSchema.safeParse(jsonOf(line));
    if (parsed.success) return parsed.data;
    throw new UserError('record-invalid', {
      what: `line ${index + 1} of ${file} does not follow its schema`,
      got: line.slice(0, 80),
      fix: 'the file was changed or damaged: run the command again',
    });
  });
}

function jsonOf(line: string): unknown {
  try {
    return parseJson(line);
  } catch {
    return undefined;
  }
}

/**
 * The run record of a run directory (or of the directory that holds the given file); null when it has none.
 *
 * @throws UserError as {@link readProbeRecord}, when the file is there but not readable as one.
 *
 * @example
 * ```ts
 * console.log(readRunRecord('runs/first')?.seed);
 * ```
 */
export function readRunRecord(path: string): RunRecord | null {
  const file = isDirectory(path) ? join(path, RUN_FILE) : join(path, '..', RUN_FILE);
  return existsSync(file) ? readRecord(file, runRecordSchema) : null;
}

type RecordSchema =
  | typeof adviceRecordSchema
  | typeof reproductionRecordSchema
  | typeof trainRecordSchema
  | typeof probeRecordSchema
  | typeof adapterRecordSchema
  | typeof runRecordSchema;

function readRecord<S extends RecordSchema>(file: string, schema: S): z.infer<S> {
  const value = readJson(file);
  const kind = schema.shape.schema.value;
  const version = schema.shape.version.value;
  const head = headSchema.safeParse(value);
  if (!head.success || head.data.schema !== kind || head.data.version !== version) {
    throw new UserError('record-wrong-kind', {
      what: `${file} is not a record that this program can read`,
      got: head.success ? `${head.data.schema}, version ${head.data.version}` : 'no schema and version in it',
      expected: `${kind}, version ${version}`,
      fix: 'read it with the release that wrote it, or run the command again',
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data as z.infer<S>;
  throw new UserError('record-invalid', {
    what: `${file} does not follow its schema`,
    got: z.prettifyError(result.error).split('\n'),
    expected: `${kind}, version ${version}`,
    fix: 'the file was changed or damaged: run the command again',
  });
}

function readJson(file: string): unknown {
  if (!existsSync(file)) {
    throw new UserError('file-not-found', {
      what: `there is no file ${file}`,
      expected: 'a run directory, or the record inside it',
      fix: 'check the path given',
    });
  }
  return readJsonFile(file, {
    limit: SIZE_LIMITS.record,
    code: 'record-not-json',
    fix: 'the file was changed or cut off: run the command again',
  });
}

function fileIn(path: string, name: string): string {
  return isDirectory(path) ? join(path, name) : path;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
