/** Work that another's pattern decides the length of, given up when it takes too long. */
import { createContext, Script } from 'node:vm';

/** Thrown by {@link withinTime}. */
export class TimeExceeded extends Error {}

/** The watchdog ends whatever runs below this call, a regular expression that backtracks for ever included. */
const CALL = new Script('work()');
const CONTEXT = createContext({ work: () => {} });
let running = false;

/**
 * What `work` returns; it must be fit to be run twice. Throws {@link TimeExceeded} after `milliseconds` of work: a
 * machine that stood still meanwhile does not count. Calls inside another one share its limit.
 */
export function withinTime<Result>(milliseconds: number, work: () => Result): Result {
  if (running) return work();
  running = true;
  try {
    for (;;) {
      const before = process.cpuUsage();
      try {
        let result: Result;
        CONTEXT.work = () => {
          result = work();
        };
        CALL.runInContext(CONTEXT, { timeout: milliseconds });
        return result!;
      } catch (error) {
        if (!isTimeout(error)) throw error;
        const { user, system } = process.cpuUsage(before);
        if (user + system > milliseconds * 500) throw new TimeExceeded(`more than ${milliseconds} ms`);
      }
    }
  } finally {
    running = false;
    CONTEXT.work = undefined;
  }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
