/** Means, intervals and correlations of small samples. */
import jstat from 'jstat';
import * as simple from 'simple-statistics';
import { invariant } from '../errors/index.ts';
import type { Rng } from './rng.ts';

/** An estimate with its confidence interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** A figure of the items with these indices; an index may stand there more than once, or not at all. */
export type Statistic = (indices: Int32Array) => number;

/** Arithmetic mean of at least one value. */
export function mean(values: readonly number[]): number {
  return simple.mean([...values]);
}

/** Standard deviation of a sample of at least two values, with n − 1. */
export function standardDeviation(values: readonly number[]): number {
  invariant(values.length > 1, 'a standard deviation needs two values');
  return simple.sampleStandardDeviation([...values]);
}

/** The p-quantile of at least one value, linear between order statistics (type 7 of Hyndman & Fan). */
export function quantile(values: readonly number[], p: number): number {
  invariant(values.length > 0 && p >= 0 && p <= 1, `quantile ${p} of ${values.length} values`);
  const sorted = [...values].sort((a, b) => a - b);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

/**
 * Mean and Student's t interval. One value says nothing of its spread: the interval then shrinks to the value
 * itself, and a reader must look at the number of values.
 */
export function studentInterval(values: readonly number[], level = 0.95): Interval {
  const centre = mean(values);
  if (values.length === 1) return { mean: centre, low: centre, high: centre };
  const error = standardDeviation(values) / Math.sqrt(values.length);
  return intervalAround(centre, error, values.length - 1, level);
}

/** Percentile bootstrap over n items; `mean` is the statistic of all of them (Efron & Tibshirani, ch. 13). */
export function bootstrapInterval(
  n: number,
  statistic: Statistic,
  rng: Rng,
  options: { readonly resamples?: number; readonly level?: number } = {},
): Interval {
  const { resamples = 1000, level = 0.95 } = options;
  const values = Array.from({ length: resamples }, () =>
    statistic(Int32Array.from({ length: n }, () => rng.integer(n))),
  );
  return {
    mean: statistic(range(n)),
    low: quantile(values, (1 - level) / 2),
    high: quantile(values, (1 + level) / 2),
  };
}

/**
 * Delete-one jackknife over n items, with Student's t on n − 1 degrees of freedom; `mean` is the statistic of
 * all of them, not corrected for bias. One item gives an interval of no width, as in {@link studentInterval}.
 */
export function jackknifeInterval(n: number, statistic: Statistic, level = 0.95): Interval {
  const all = range(n);
  const centre = statistic(all);
  if (n === 1) return { mean: centre, low: centre, high: centre };
  const deleted = Array.from({ length: n }, (_, left) => statistic(all.filter((index) => index !== left)));
  const centreOfDeleted = mean(deleted);
  const squares = deleted.reduce((sum, value) => sum + (value - centreOfDeleted) ** 2, 0);
  return intervalAround(centre, Math.sqrt(((n - 1) / n) * squares), n - 1, level);
}

/**
 * The p-quantile of the beta distribution on [0, 1] with these moments. Without a spread, or with more than the
 * interval has room for, there is no such distribution: the mean itself is returned.
 */
export function betaQuantile(p: number, centre: number, variance: number): number {
  const room = centre * (1 - centre);
  if (variance <= 1e-24 || variance >= room) return centre;
  const weight = room / variance - 1;
  return jstat.beta.inv(p, centre * weight, (1 - centre) * weight);
}

/** Pearson's correlation; 0 when either side is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  invariant(x.length === y.length && x.length > 1, 'a correlation needs two or more pairs');
  if (isConstant(x) || isConstant(y)) return 0;
  return simple.sampleCorrelation([...x], [...y]);
}

/** Spearman's rank correlation; tied values share the mean of their ranks. */
export function spearman(x: readonly number[], y: readonly number[]): number {
  return pearson(averageRanks(x), averageRanks(y));
}

/** Student's interval around an estimate with this standard error. */
export function intervalAround(centre: number, error: number, freedom: number, level = 0.95): Interval {
  const reach = jstat.studentt.inv((1 + level) / 2, freedom) * error;
  return { mean: centre, low: centre - reach, high: centre + reach };
}

/** P(T ≥ t) of Student's distribution: exact in the far tail, where 1 − P(T < t) would be rounding alone. */
export function studentTail(t: number, freedom: number): number {
  invariant(freedom > 0, `Student's distribution with ${freedom} degrees of freedom`);
  const half = jstat.ibeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
  return t > 0 ? half : 1 - half;
}

/**
 * Holm's step-down adjustment: the k-th smallest of n p-values times n − k + 1, never less than the ones before
 * it. Rejecting what is at most α keeps the chance of any wrong rejection at α, whatever depends on what
 * (Holm 1979).
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const adjusted = new Array<number>(values.length);
  let least = 0;
  order.forEach((index, place) => {
    least = Math.max(least, Math.min(1, (values.length - place) * values[index]!));
    adjusted[index] = least;
  });
  return adjusted;
}

/** The least-squares line y = intercept + slope · x. Where all x are equal it is level. */
export function fitLine(x: readonly number[], y: readonly number[]): { slope: number; intercept: number } {
  invariant(x.length === y.length && x.length > 0, 'a line needs as many x as y');
  if (isConstant(x)) return { slope: 0, intercept: mean(y) };
  const { m, b } = simple.linearRegression(x.map((value, index) => [value, y[index]!]));
  return { slope: m, intercept: b };
}

/** The least-squares line through the origin: its slope Σxy / Σx². */
export function slopeThroughOrigin(x: readonly number[], y: readonly number[]): number {
  invariant(x.length === y.length && x.some((value) => value !== 0), 'a slope needs an x that is not 0');
  const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);
  return sum(x.map((value, index) => value * y[index]!)) / sum(x.map((value) => value * value));
}

function range(n: number): Int32Array {
  invariant(n > 0, 'a statistic needs at least one item');
  return Int32Array.from({ length: n }, (_, index) => index);
}

function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}

function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end - 1) / 2;
    start = end;
  }
  return ranks;
}
