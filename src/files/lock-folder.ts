/**
 * One process at a time in the folder of a run. A lock is a file that names its process, so that one left by a process
 * that was killed holds nobody up.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors/index.ts';
import { markOfProcess, type ProcessMark, stateOf } from './process-mark.ts';
import { tellWriteErrors } from './refusals.ts';

export interface FolderLock {
  /** May be called twice; the end of the process does it too. */
  release(): void;
}

/** Whoever made the file with the highest number holds the lock; a number is given once. */
const LOCK = /^\.rankscope-lock-(\d+)$/;
const nameOf = (number: number) => `.rankscope-lock-${number}`;

/** A holder says that it lives this often, for those that cannot see its process. */
const BEAT_MS = 30_000;
/** A holder that cannot be seen and has been silent for so long is taken for dead. */
const SILENCE_MS = 600_000;
/** A lock that says nothing yet is being written; later, its writer was killed. */
const WRITING_MS = 10_000;

/** Whether a file is a lock of {@link lockFolder}: a folder with nothing else in it counts as empty. */
export const isLockFile = (name: string): boolean => LOCK.test(name);

/**
 * Takes a folder, which exists, for this process alone.
 * Throws {@link UserError} `folder-in-use`, naming who has it; `cannot-write`.
 */
export function lockFolder(folder: string): FolderLock {
  const directory = resolve(folder);
  return tellWriteErrors(directory, () => {
    for (;;) {
      const old = locksIn(directory);
      const newest = old.at(-1);
      if (newest !== undefined) refuseHeld(directory, newest);
      const lock = {
        number: (newest?.number ?? 0) + 1,
        path: join(directory, nameOf((newest?.number ?? 0) + 1)),
      };
      if (!create(lock.path)) continue;
      // When the lock that was found dead is gone, another process has been here since: look again.
      if (newest !== undefined && !existsSync(newest.path)) {
        rmSync(lock.path, { force: true });
        continue;
      }
      for (const { path } of old) rmSync(path, { force: true });
      return hold(lock.path);
    }
  });
}

interface Lock {
  readonly number: number;
  readonly path: string;
}

/** The locks in a folder, the newest last. */
function locksIn(directory: string): Lock[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const number = LOCK.exec(name)?.[1];
      return number === undefined ? [] : [{ number: Number(number), path: join(directory, name) }];
    })
    .toSorted((a, b) => a.number - b.number);
}

/** @returns false when another process was faster. */
function create(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify({ ...markOfProcess(), since: new Date().toISOString() }), {
      flag: 'wx',
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A full disk: what was begun would look like a lock that is being written.
    rmSync(path, { force: true });
    throw error;
  }
}

function hold(path: string): FolderLock {
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // The folder was removed: there is nothing left to hold.
    }
  }, BEAT_MS);
  beat.unref();
  const release = () => {
    clearInterval(beat);
    process.off('exit', release);
    rmSync(path, { force: true });
  };
  process.on('exit', release);
  return { release };
}

function refuseHeld(directory: string, { path }: Lock): void {
  const silence = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const holder = readHolder(path);
  const state = holder === undefined ? 'unknown' : stateOf(holder);
  if (state === 'ended') return;
  if (state === 'unknown' && silence > WRITING_MS) return;
  if (state === 'elsewhere' && silence > SILENCE_MS) return;
  throw new UserError('folder-in-use', {
    what: `Another process is at work in ${directory}.`,
    got: holder === undefined ? path : `process ${holder.pid} on ${holder.host}, since ${holder.since}`,
    expected: 'one process at a time in the folder of a run',
    fix:
      state === 'elsewhere'
        ? `wait for it; if that machine is gone, remove ${path}, or wait ten minutes`
        : 'wait for it or stop it, or choose another folder',
  });
}

function readHolder(path: string): (ProcessMark & { readonly since: string }) | undefined {
  try {
    const { host, pid, started, since } = JSON.parse(readFileSync(path, 'utf8'));
    const whole =
      typeof host === 'string' && Number.isSafeInteger(pid) && pid > 0 && typeof since === 'string';
    return whole ? { host, pid, since, started: typeof started === 'string' ? started : null } : undefined;
  } catch {
    return undefined;
  }
}
