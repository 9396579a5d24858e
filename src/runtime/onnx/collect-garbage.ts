/** Giving large arrays back at once. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that may lie about: below this the collector is left to itself. */
const BEARABLE = 128 * 2 ** 20;

let collect: (() => void) | undefined;
let dropped = 0;

/**
 * Tells that an array of this many bytes is not used any longer. Collectors run when a thread allocates, and one that
 * waits for its next work would keep gigabytes.
 */
export function dropBytes(bytes: number): void {
  dropped += bytes;
  if (dropped < BEARABLE) return;
  dropped = 0;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
