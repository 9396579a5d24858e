/** Coverage along the runs of the largest rank: at every observed step, of every rank, beside its null. */

import { fitLine, mean, slopeThroughOrigin } from '../../numeric/index.ts';
import type { Basis } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Results } from '../experiment.ts';
import type { CoveragePoint } from '../trial.ts';
import { perSeed, type SeedValues } from './seed-values.ts';
import { corePoint, observedAt } from './shared.ts';
import { sourceRanks } from './source-ranks.ts';
import { nullCoverage } from './start-points.ts';

export const largestOf = ({ scale }: Results): number => sourceRanks(scale).largest;
export const firstStep = ({ scale }: Results): number => scale.observedSteps[0]!;
export const lastStep = ({ scale }: Results): number => scale.observedSteps.at(-1)!;

/** Points of a basis, one per seed; undefined while one is missing. */
export function observedPoints(
  results: Results,
  basis: Basis,
  rank: number,
  step: number,
): CoveragePoint[] | undefined {
  const points = observedAt(results, largestOf(results), step)?.map((one) => corePoint(one, basis, rank));
  return allThere(points);
}

/** Coverage of the weights' singular vectors. */
export const coverageAt = (results: Results, rank: number, step: number): SeedValues =>
  observedPoints(results, 'svd', rank, step)?.map(({ coverage }) => coverage);

/** What random frames would have: K/√(mn), layers weighed by their energy at that step. */
export const nullAt = (results: Results, rank: number, step: number): SeedValues =>
  observedPoints(results, 'svd', rank, step)?.map(nullCoverage);

/** A figure of each seed's coverage over the ranks of the sweep. */
function overRanks(
  results: Results,
  step: number,
  figure: (ranks: readonly number[], coverage: readonly number[]) => number,
): SeedValues {
  const { ranks } = results.scale;
  return perSeed(
    ranks.map((rank) => coverageAt(results, rank, step)),
    (...coverage) => figure(ranks, coverage),
  );
}

/** b of coverage = a · K^b, by a line through logarithms. */
export const exponent = (ranks: readonly number[], coverage: readonly number[]): number =>
  fitLine(ranks.map(Math.log), coverage.map(Math.log)).slope;

export const exponentAt = (results: Results, step: number): SeedValues => overRanks(results, step, exponent);

/** a of coverage = a · K: coverage per dimension, by a line through the origin. */
export const slopeAt = (results: Results, step: number): SeedValues =>
  overRanks(results, step, slopeThroughOrigin);

/** 1/√(mn). */
export const nullSlopeAt = (results: Results, step: number): SeedValues =>
  nullAt(results, largestOf(results), step)?.map((value) => value / largestOf(results));

/** Geometric mean over the ranks of coverage over its null. */
export function overNull(results: Results, step: number): SeedValues {
  const ratios = results.scale.ranks.map((rank) =>
    perSeed([coverageAt(results, rank, step), nullAt(results, rank, step)], (seen, expected) =>
      Math.log(seen / expected),
    ),
  );
  return perSeed(ratios, (...logs) => Math.exp(mean(logs)));
}

/** a / b, paired by seed. */
export const ratio = (a: SeedValues, b: SeedValues): SeedValues =>
  perSeed([a, b], (one, other) => one / other);

/** How much coverage grows from the first to the last observed step. */
export const growth = (results: Results, rank: number): SeedValues =>
  ratio(coverageAt(results, rank, lastStep(results)), coverageAt(results, rank, firstStep(results)));

/** Energy of the largest rank over that of its half, at the first step. */
export function energyRatio(results: Results): SeedValues {
  const { largest, half } = sourceRanks(results.scale);
  const energies = (rank: number) =>
    observedPoints(results, 'svd', rank, firstStep(results))?.map(({ energy }) => energy);
  return ratio(energies(largest), energies(half));
}
