/** Reading records: files that may come from elsewhere, so all of it is checked before any of it is used. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors/index.ts';
import { type ProbeRecord, probeRecordSchema } from './probe-record.ts';
import { type RunRecord, runRecordSchema } from './run-record.ts';

export const PROBE_FILE = 'probe.json';
export const RUN_FILE = 'run.json';

const headSchema = z.object({ schema: z.string(), version: z.number() });

/**
 * The probe record in `path`: a run directory, or the file itself.
 *
 * @throws UserError `file-not-found`, `cannot-read`, `record-not-json`, `record-wrong-kind` (another schema or
 * version), `record-invalid`.
 */
export function readProbeRecord(path: string): ProbeRecord {
  return readRecord(fileIn(path, PROBE_FILE), probeRecordSchema);
}

/**
 * The run record of a run directory (or of the directory that holds the given file); null when it has none.
 *
 * @throws UserError as {@link readProbeRecord}, when the file is there but not readable as one.
 */
export function readRunRecord(path: string): RunRecord | null {
  const file = isDirectory(path) ? join(path, RUN_FILE) : join(path, '..', RUN_FILE);
  return existsSync(file) ? readRecord(file, runRecordSchema) : null;
}

type RecordSchema = typeof probeRecordSchema | typeof runRecordSchema;

function readRecord<S extends RecordSchema>(file: string, schema: S): z.infer<S> {
  const value = parseJson(file);
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
    got: firstLines(z.prettifyError(result.error)),
    expected: `${kind}, version ${version}`,
    fix: 'the file was changed or damaged: run the command again',
  });
}

function parseJson(file: string): unknown {
  if (!existsSync(file)) {
    throw new UserError('file-not-found', {
      what: `there is no file ${file}`,
      expected: 'a run directory, or the record inside it',
      fix: 'check the path given',
    });
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError('cannot-read', { what: `cannot read ${file}`, got: String(error) }, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError('record-not-json', {
      what: `${file} is not JSON`,
      got: error instanceof Error ? error.message : String(error),
      fix: 'the file was changed or cut off: run the command again',
    });
  }
}

function fileIn(path: string, name: string): string {
  return isDirectory(path) ? join(path, name) : path;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A damaged record can break its schema in thousands of places; the first few tell what happened. */
function firstLines(text: string): string {
  const lines = text.split('\n');
  return lines.slice(0, 8).join('\n') + (lines.length > 8 ? `\n… ${lines.length - 8} more lines` : '');
}
