/**
 * Writes the graphs of `test/golden` again, for a change that is meant to alter them: look at the difference before you
 * commit it.
 *
 *     npx tsx scripts/write-goldens.ts
 */
import { writeFileSync } from 'node:fs';
import { GOLDENS } from '../test/support/goldens.ts';

for (const { file, print } of GOLDENS) writeFileSync(file, await print());
