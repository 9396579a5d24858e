/** Telling processes apart: one that is running from one that has ended and left files behind. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told apart from every other, and from a later one of the same number where the system lets us. */
export interface ProcessMark {
  /** As {@link HOST}. */
  readonly host: string;
  readonly pid: number;
  /** When it started, in the system's own count; null where that cannot be known. */
  readonly started: string | null;
}

/** This process. */
export const markOfProcess = (): ProcessMark => ({
  host: HOST,
  pid: process.pid,
  started: startOf(process.pid),
});

/**
 * The machine, and the space that process numbers are counted in (containers have their own). Two machines may have
 * one name and share a folder, and the space outside of containers has one number everywhere: so the machine's own
 * number counts as well, or that of its last start where it has none.
 */
export const HOST = `${hostname()} ${hashOf([readText('/etc/machine-id') || bootOf(), spaceOf()])}`;

/** `elsewhere`: on another machine or in another container, which cannot be seen from here. */
export function stateOf({ host, pid, started }: ProcessMark): 'running' | 'ended' | 'elsewhere' {
  if (host !== HOST) return 'elsewhere';
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, and runs.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'ended';
  }
  const now = startOf(pid);
  // One that has ended and that its parent has not asked after still has its number.
  if (now === 'ended') return 'ended';
  return started !== null && now !== started ? 'ended' : 'running';
}

/**
 * Field 22 of Linux's /proc/<pid>/stat, ticks since the machine started, and which start of it that was; `ended` for
 * what is left of a process that has.
 */
function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X') return 'ended';
  return ticks === undefined ? null : `${bootOf() ?? ''}/${ticks}`;
}

function bootOf(): string | undefined {
  return readText('/proc/sys/kernel/random/boot_id');
}

function spaceOf(): string | undefined {
  return tryTo(() => readlinkSync('/proc/self/ns/pid'));
}

function hashOf(parts: readonly (string | undefined)[]): string {
  return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 8);
}

function readText(path: string): string | undefined {
  return tryTo(() => readFileSync(path, 'utf8').trim());
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
