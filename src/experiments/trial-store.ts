/** Finished trials on disk: `trials.jsonl`, one line each. */
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';
import {
  makeFolder,
  parseJson,
  readTextFile,
  SIZE_LIMITS,
  tellWriteErrors,
  writeTextAtomically,
} from '../files/index.ts';
import type { TrialRecord } from './trial.ts';

export const TRIALS_FILE = 'trials.jsonl';

export interface TrialStore {
  /** Finished trials by id; one that failed is not among them, and is tried again. */
  readonly finished: ReadonlyMap<string, TrialRecord>;
  add(record: TrialRecord): void;
}

/**
 * Opens the store of a run. A line that was cut off when the process was killed is taken away: its trial runs again.
 *
 * @throws UserError `trials-invalid` when another line is not a trial, `cannot-write`.
 */
export function openTrialStore(directory: string): TrialStore {
  const path = join(directory, TRIALS_FILE);
  makeFolder(directory);
  const text = existsSync(path) ? readTextFile(path, SIZE_LIMITS.record) : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) writeTextAtomically(path, whole);
  const finished = new Map<string, TrialRecord>();
  whole.split('\n').forEach((line, index) => {
    if (line === '') return;
    const record = parseLine(path, line, index + 1);
    if (record.result !== null) finished.set(record.id, record);
  });
  return {
    finished,
    add(record) {
      tellWriteErrors(path, () => appendFileSync(path, `${JSON.stringify(record)}\n`));
      if (record.result !== null) finished.set(record.id, record);
    },
  };
}

function parseLine(path: string, line: string, number: number): TrialRecord {
  try {
    const record = parseJson(line) as TrialRecord;
    const { id, trial, result } = record;
    const isObject = (value: unknown) => typeof value === 'object' && !Array.isArray(value);
    if (typeof id === 'string' && isObject(trial) && trial !== null && isObject(result)) return record;
  } catch {}
  throw new UserError('trials-invalid', {
    what: `line ${number} of ${path} is not a trial`,
    got: line.slice(0, 60),
    expected: 'a JSON object with id, trial and result',
    fix: 'remove the line: its trial will run again',
  });
}
