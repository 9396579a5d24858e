/** Ctrl-C, SIGTERM and a terminal that is closed: the first asks the work to end well, the second ends the process. */

import { removeOwnRemains } from '../files/index.ts';

/** npm passes Ctrl-C on to a child that the terminal has told already: one key press can come twice. */
const SAME_PRESS_MS = 400;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Gives the signals back to the process. */
  release(): void;
}

/** @param first called once the work is asked to end. @param second called before the process ends. */
export function watchStopSignals(first: () => void, second: () => void): StopSignals {
  const controller = new AbortController();
  let pressed = 0;
  const handle = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      pressed = performance.now();
      controller.abort();
      first();
    } else if (performance.now() - pressed > SAME_PRESS_MS) {
      second();
      removeOwnRemains();
      // The engine's thread may be deep in a product: only the signal itself ends it at once.
      release();
      process.kill(process.pid, name);
    }
  };
  const release = () => {
    for (const name of SIGNALS) process.off(name, handle);
  };
  for (const name of SIGNALS) process.on(name, handle);
  return { signal: controller.signal, release };
}

/** For commands that do not watch: a signal ends the process as it would anyway, and leaves nothing half written. */
export function cleanUpOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const handle = () => {
      if (process.listenerCount(name) > 1) return;
      removeOwnRemains();
      process.off(name, handle);
      process.kill(process.pid, name);
    };
    process.on(name, handle);
  }
}
