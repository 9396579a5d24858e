/**
 * Writes docs/options.md from the tables of options.
 *
 *     npx tsx scripts/write-options.ts
 */
import { writeTextAtomically } from '../src/files/index.ts';
import { renderOptions } from './options-page.ts';

writeTextAtomically('docs/options.md', renderOptions());
