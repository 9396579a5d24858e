/** One value per seed, as sentences, rules and curves. */
import { mean, studentInterval } from '../../numeric/index.ts';
import { type ExperimentFigure, roundSignificant } from '../../record/index.ts';
import type { Rule, Sample } from '../rule.ts';

/** One value per seed; undefined while a trial is missing. */
export type SeedValues = readonly number[] | undefined;

type Series = ExperimentFigure['series'][number];

/** A number as a sentence has it: whole ones in full, others to four digits. */
export const say = (value: number): string =>
  (Number.isInteger(value) ? value.toLocaleString('en-US') : String(roundSignificant(value, 4))).replace(
    '-',
    '−',
  );

/** Means over the seeds in one sentence. */
export const sayMeans = (parts: readonly (readonly [name: string, values: SeedValues])[]): string =>
  inOneSentence(parts, (name, value) => `${name} is ${value}`);

/** Means over the seeds of one quantity in several places, such as `at K = 2`, in one sentence. */
export const saySeries = (
  quantity: string,
  parts: readonly (readonly [where: string, values: SeedValues])[],
): string => inOneSentence(parts, (where, value) => `${value} ${where}`, `${quantity} is `);

function inOneSentence(
  parts: readonly (readonly [string, SeedValues])[],
  word: (name: string, value: string) => string,
  beginning = '',
): string {
  if (!parts.every(([, values]) => values !== undefined)) return 'Trials are missing.';
  const seeds = parts[0]![1]!.length;
  const said = parts.map(([name, values]) => word(name, say(mean(values!))));
  return `Means over ${seeds} seeds: ${beginning}${said.join(', ')}.`;
}

/** The values as they are; null while they are missing. */
export const sampleOf = (values: SeedValues): Sample | null => (values === undefined ? null : { values });

/** A figure of each seed's values; undefined while one side is missing. */
export function perSeed(
  sides: readonly SeedValues[],
  figure: (...values: number[]) => number,
): number[] | undefined {
  if (!sides.every((side) => side !== undefined)) return undefined;
  return sides[0]!.map((_, seed) => figure(...sides.map((side) => side![seed]!)));
}

/** A curve with its intervals, without the points that are missing. */
export function curve(
  name: string,
  points: readonly (readonly [x: number, values: SeedValues])[],
  kind: Series['kind'] = 'line',
): Series {
  const known = points.flatMap(([x, values]) => {
    if (values === undefined) return [];
    const { mean: y, low, high } = studentInterval(values);
    return [{ x, y, low, high }];
  });
  return { name, kind, points: known };
}

/** Confirmed above a bound. */
export const above = (low: number, words: string): Rule => ({ low, high: null, words });

/** Confirmed below a bound. */
export const below = (high: number, words: string): Rule => ({ low: null, high, words });

/** Confirmed between two bounds. */
export const between = (low: number, high: number, words: string): Rule => ({ low, high, words });
