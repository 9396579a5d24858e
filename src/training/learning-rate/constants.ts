/** Written by `npx tsx scripts/fit-lr-law.ts`, which fits them to the bundled model's committed runs. */
import type { LawConstants } from './law.ts';

export const LAW: LawConstants = {
  factor: 0.2211,
  exponent: 0.7729,
  waiting: 0.2781,
  horizon: 0.2369,
  cosine: 1.532,
};
