/** How far an arm is from the best of others, when the best is not known beforehand. */
import { mean } from '../../numeric/index.ts';
import type { SeedValues } from './seed-values.ts';

/**
 * Each seed's loss of one arm less that of the best of the others. Which of them is best is decided by the other
 * seeds, so that luck in a seed does not choose its own rival. Undefined while a trial is missing.
 *
 * @param own one loss per seed, two seeds at least.
 */
export function lossBeyondBest(own: SeedValues, others: readonly SeedValues[]): number[] | undefined {
  if (own === undefined || !others.every((losses) => losses !== undefined)) return undefined;
  return own.map((loss, seed) => loss - chosenBy(others, seed, lower)[seed]!);
}

/** Each seed's loss of the worst arm less that of the best, both decided by the other seeds. */
export function lossSpread(arms: readonly SeedValues[]): number[] | undefined {
  if (!arms.every((losses) => losses !== undefined)) return undefined;
  return arms[0]!.map((_, seed) => {
    const worst = chosenBy(arms, seed, higher);
    const best = chosenBy(arms, seed, lower);
    return worst[seed]! - best[seed]!;
  });
}

/** The place of the arm with the least mean loss; undefined while a trial is missing. */
export function bestOf(arms: readonly SeedValues[]): number | undefined {
  if (arms.length === 0 || !arms.every((losses) => losses !== undefined)) return undefined;
  const means = arms.map((losses) => mean(losses));
  return means.indexOf(Math.min(...means));
}

type Better = (a: number, b: number) => boolean;

const lower: Better = (a, b) => a < b;
const higher: Better = (a, b) => a > b;

/** The arm that is ahead in the mean over all seeds but one. */
function chosenBy(arms: readonly (readonly number[])[], left: number, better: Better): readonly number[] {
  const without = (losses: readonly number[]) => mean(losses.filter((_, seed) => seed !== left));
  return arms.reduce((best, one) => (better(without(one), without(best)) ? one : best));
}
