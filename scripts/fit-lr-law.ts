/**
 * Fits the law of the learning rate to the bundled model's committed runs and writes its constants.
 *
 *     npx tsx scripts/fit-lr-law.ts
 *
 * From results/reproduction/bundled/trials.jsonl, results/learning-rate/bundled.jsonl (`measure-first-steps.ts`) and
 * results/learning-rate/conditions.jsonl (`tune-conditions.ts`). A test holds the constants against them.
 */
import { writeTextAtomically } from '../src/files/index.ts';
import { fitLaw } from './support/fit-law.ts';

/** Not written where it is used: a line that begins so is read as an import of this script. */
const IMPORT = "import type { LawConstants } from './law.ts';";
const entries = Object.entries(fitLaw()).map(([name, value]) => `  ${name}: ${value},`);
writeTextAtomically(
  'src/training/learning-rate/constants.ts',
  `/** Written by \`npx tsx scripts/fit-lr-law.ts\`, which fits them to the bundled model's committed runs. */
${IMPORT}

export const LAW: LawConstants = {
${entries.join('\n')}
};
`,
);
