/** What a killed process leaves of files that it was writing. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Every file is written under a passing name and then renamed: `.<name>.<hex>.partial` or `<name>.<pid>.tmp`. */
const PASSING = /^\..+\.[0-9a-f]{12}\.partial$|\.\d+\.tmp$/;

/** Removes unfinished files from the folder of a run; no other process may be writing there. */
export function removeRemains(folder: string): void {
  for (const name of readdirSync(folder)) if (PASSING.test(name)) rmSync(join(folder, name), { force: true });
}
