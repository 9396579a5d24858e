/** That a model's files stay what they were while numbers are taken from them. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, hashFiles } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';

/** Beside the weights, what a model and its tokenizer are read from. */
const SMALL_FILES = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/**
 * Remembers the files of a checkpoint as they are now. Weights are mapped and read again for as long as a run lasts:
 * one that was overwritten meanwhile gives numbers of two models.
 *
 * @returns a check, which throws {@link UserError} `model-changed`. It looks at size, times and place of each file, and
 *   at the content only where those differ: a copy that came back the same is the same.
 */
export async function watchModel({ path, format, files, sha256 }: Checkpoint): Promise<() => Promise<void>> {
  const small = format === 'gguf' ? [] : SMALL_FILES.map((name) => join(path, name));
  const stamps = new Map([...files, ...small].map((file) => [file, stampOf(file)]));
  const contents = new Map(small.map((file) => [file, contentOf(file)]));
  const weights = await sha256();
  return async () => {
    const touched = [...stamps].flatMap(([file, stamp]) => (stampOf(file) === stamp ? [] : [file]));
    const other = touched.find((file) => contents.has(file) && contents.get(file) !== contentOf(file));
    if (other !== undefined) throw modelChanged(other);
    const weightFile = touched.find((file) => !contents.has(file));
    if (weightFile === undefined) return;
    const now = await hashFiles(files).catch(() => 'unreadable');
    if (now !== weights) throw modelChanged(weightFile);
    for (const file of touched) stamps.set(file, stampOf(file));
  };
}

function stampOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status === undefined
    ? 'absent'
    : [status.size, status.mtimeMs, status.ctimeMs, status.dev, status.ino].join(' ');
}

function contentOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return 'unreadable';
  }
}

function modelChanged(file: string): UserError {
  return new UserError('model-changed', {
    what: `${file} was changed while numbers were taken from it.`,
    expected: 'a model that stays as it was until the run has ended',
    fix: 'numbers of this run since then may belong to neither model: put the file back and resume, or start again',
  });
}
