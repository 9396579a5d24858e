/** How quantities name the ranks that stand for the source's. */
import type { SourceRanks } from '../readings/source-ranks.ts';

export const RANK_WORDS: Readonly<Record<keyof SourceRanks, string>> = {
  largest: 'the largest K',
  half: 'half the largest K',
  quarter: 'a quarter of the largest K',
  eighth: 'an eighth of the largest K',
};
