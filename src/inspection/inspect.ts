/** From a path to what stands there. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { readFirstBytes, recognizeKind, withFile } from '../files/index.ts';
import { hubReferenceOf } from '../hub/index.ts';
import { type InspectedModel, inspectModel, type OpenModelOptions } from '../models/index.ts';
import { ADAPTER_FILE, PROBE_FILE, REPRODUCTION_FILE, RUN_FILE, TRAIN_FILE } from '../record/index.ts';
import {
  type AdapterInspection,
  inspectGgufAdapter,
  inspectOwnAdapter,
  inspectPeftAdapter,
  PEFT_CONFIG,
  PEFT_TENSORS,
} from './inspect-adapter.ts';
import { describeInspected, type ModelInspection } from './inspect-model.ts';
import { inspectRun, type RunInspection } from './inspect-run.ts';
import { type StoredType, storedTypes } from './stored-types.ts';

export type { AdapterInspection } from './inspect-adapter.ts';
export type { RunInspection } from './inspect-run.ts';

/** A safetensors file without a config beside it. */
export interface WeightsInspection {
  readonly kind: 'weights';
  readonly path: string;
  readonly stored: readonly StoredType[];
  readonly bytes: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly number[];
  }[];
  /** What its header says beside. */
  readonly metadata: Readonly<Record<string, string>>;
}

export type Inspection = ModelInspection | AdapterInspection | WeightsInspection | RunInspection;

export type InspectOptions = Pick<OpenModelOptions, 'onWarning' | 'onDownload' | 'signal'>;

export interface Inspected {
  readonly inspection: Inspection;
  /** Where it is one, for estimates. */
  readonly model: InspectedModel | null;
}

const MODEL_CONFIG = 'config.json';

/**
 * What stands at a path, or behind an id of the hub: a model's folder or file, an adapter, weights alone, or the folder of a run. Headers and records
 * are read, no weights.
 *
 * @param options those of opening a model: who is told what its files have that contradicts, and of a download.
 * @throws UserError `not-found`, and those of the readers.
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<Inspected> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined && hubReferenceOf(path, 'models') === undefined) {
    throw new UserError('not-found', {
      what: `There is nothing at ${path}.`,
      expected: 'a model, a GGUF or safetensors file, an adapter, or the folder of a run',
      fix: 'check the path',
    });
  }
  const other = status === undefined ? null : status.isDirectory() ? inspectFolder(path) : inspectFile(path);
  if (other !== null) return { inspection: other, model: null };
  const model = await inspectModel(path, options);
  return { inspection: describeInspected(model), model };
}

const RECORDS = [PROBE_FILE, TRAIN_FILE, REPRODUCTION_FILE];

/** Null for what may be a model. */
function inspectFolder(folder: string): Inspection | null {
  const has = (name: string) => existsSync(join(folder, name));
  // A pretrained model has the record of its run beside it.
  if (has(MODEL_CONFIG)) return null;
  if ([RUN_FILE, ...RECORDS].some(has)) return inspectRun(folder);
  if (has(ADAPTER_FILE)) return inspectOwnAdapter(folder);
  return has(PEFT_CONFIG) ? inspectPeftAdapter(folder) : null;
}

function inspectFile(path: string): Inspection | null {
  const name = basename(path);
  const folder = dirname(path);
  if (RECORDS.includes(name) || name === RUN_FILE) return inspectRun(name === RUN_FILE ? folder : path);
  if (name === ADAPTER_FILE) return inspectOwnAdapter(path);
  if (name === PEFT_CONFIG || (name === PEFT_TENSORS && existsSync(join(folder, PEFT_CONFIG))))
    return inspectPeftAdapter(folder);
  const kind = withFile(path, (file, size) => recognizeKind(readFirstBytes(file, path, size)))?.id;
  if (kind === 'gguf') return inspectGgufAdapter(path);
  if (kind !== 'safetensors' || existsSync(join(folder, MODEL_CONFIG))) return null;
  return inspectWeights(path);
}

function inspectWeights(path: string): WeightsInspection {
  const { weights, metadata } = openSafetensors(path);
  const stored = storedTypes(weights.values());
  return {
    kind: 'weights',
    path,
    stored,
    bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0),
    tensors: [...weights.values()].map(({ name, dtype, shape }) => ({ name, type: dtype, shape })),
    metadata,
  };
}
