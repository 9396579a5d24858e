/** Passing names for what is not whole yet, and the removal of what processes that ended left under them. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HOST, stateOf } from './process-mark.ts';

/** `.<name>.<process>-<machine>.<random>.partial`; older versions named no process. */
const PASSING = /^\..+?\.(?:(\d+)-([0-9a-f]{8})\.)?[0-9a-f]{12}\.partial$/;

export const MACHINE = createHash('sha256').update(HOST).digest('hex').slice(0, 8);

/** What another machine or an older version has left alone for so long is not being written any more. */
const ABANDONED_MS = 24 * 3600_000;

const swept = new Set<string>();

/** What this process has begun to write and not ended, and its temporary folders. */
export const own = new Set<string>();

/**
 * A new name beside `path`, for what is not whole yet. The first in a folder removes there what processes that have
 * ended left under such names.
 */
export function passingName(path: string): string {
  const folder = dirname(resolve(path));
  if (!swept.has(folder)) removeRemains(folder);
  swept.add(folder);
  const random = randomBytes(6).toString('hex');
  const name = join(folder, `.${basename(path)}.${process.pid}-${MACHINE}.${random}.partial`);
  own.add(name);
  return name;
}

/** What was begun under this name is whole, or is gone. */
export const endPassing = (name: string): void => void own.delete(name);

/** Removes what will not be ended any more; synchronous, for the last moment of a process. */
export function removeOwnRemains(): void {
  for (const path of own) rmSync(path, { recursive: true, force: true });
}

/** @param all whatever stands there: no other process can be writing in a folder that is locked. */
export function removeRemains(folder: string, all = false): void {
  for (const name of tryToList(folder)) {
    const [isPassing, pid, machine] = PASSING.exec(name) ?? [];
    if (isPassing === undefined) continue;
    const path = join(folder, name);
    if (all || isAbandoned(path, Number(pid), machine)) rmSync(path, { recursive: true, force: true });
  }
}

function isAbandoned(path: string, pid: number, machine: string | undefined): boolean {
  if (machine === MACHINE && stateOf({ host: HOST, pid, started: null }) === 'ended') return true;
  const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - modified > ABANDONED_MS;
}

/** Names in a folder; none where it is not there yet or is not to be read: writing will tell. */
export function tryToList(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
