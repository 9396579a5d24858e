/** Work that another's pattern decides the length of, given up when it takes too long. */
import { createContext, Script } from 'node:vm';

/** Thrown by {@link withinTime}. */
export class TimeExceeded extends Error {}

/** The watchdog ends whatever runs below this call, a regular expression that backtracks for ever included. */
const CALL = new Script('work()');
const CONTEXT = createContext({ work: () => {} });
let running = false;

/**
 * What `work` returns; it must be fit to be run twice. An attempt ends by the clock, which on a busy machine says
 * little: it is made again with twice the time. Throws {@link TimeExceeded} when the processor has spent at least half
 * of `milliseconds` on an attempt that did not end. Calls inside another share its limit.
 */
export function withinTime<Result>(milliseconds: number, work: () => Result): Result {
  if (running) return work();
  running = true;
  try {
    for (let timeout = milliseconds; ; timeout *= 2) {
      const before = process.cpuUsage();
      try {
        let result: Result;
        CONTEXT.work = () => {
          result = work();
        };
        CALL.runInContext(CONTEXT, { timeout });
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

// The watchdog's error need not be an Error of this realm.
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
