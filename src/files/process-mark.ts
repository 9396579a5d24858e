/** Telling processes apart: one that is running from one that has ended and left files behind. */
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

/** The machine, and the space that process numbers are counted in (containers have their own). */
export const HOST = `${hostname()} ${tryTo(() => readlinkSync('/proc/self/ns/pid')) ?? ''}`.trim();

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
  const stat = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const boot = tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state, ticks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X') return 'ended';
  return ticks === undefined ? null : `${boot ?? ''}/${ticks}`;
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
