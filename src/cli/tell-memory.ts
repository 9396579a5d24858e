/** What a run will take of memory, and what is done to keep within the bound, on stderr. */
import type { MemoryUse } from '../coverage/index.ts';
import { formatBytes } from '../runtime/index.ts';

export const tellMemory =
  (progress: { say(line: string): void }) =>
  ({ estimatedBytes, boundBytes, notes }: MemoryUse): void => {
    progress.say(`estimated peak memory: ${formatBytes(estimatedBytes)} of ${formatBytes(boundBytes)}`);
    for (const note of notes) progress.say(note);
  };
