/** Cores of one budget in different frames, and how sure it is which of them are best. */
import { atRank, type NaturalCurves, naturalTotal } from '../coverage/index.ts';
import { jackknifeInterval } from '../numeric/index.ts';
import type { Estimate } from '../record/index.ts';
import { promise } from './loss-law.ts';

/** ν of one basis: of every layer, by name. */
export type LayerCurves = ReadonlyMap<string, NaturalCurves>;

export interface Candidate {
  readonly basis: string;
  readonly curves: LayerCurves;
  readonly rank: number;
  readonly parameters: number;
}

/** Held-out Σν of a candidate without one pass, or of all. */
export function heldOut({ curves, rank }: Pick<Candidate, 'curves' | 'rank'>, without?: number): number {
  return naturalTotal(
    [...curves.values()],
    (one) => (without === undefined ? one.heldOut : one.replicates[without]!),
    rank,
  );
}

export const passesOf = ({ curves }: Pick<Candidate, 'curves'>): number =>
  curves.values().next().value!.replicates.length;

/** A statistic of all passes, with the jackknife's 95 % interval from its values without each of them. */
export function overPasses(passes: number, statistic: (without?: number) => number): Estimate {
  return jackknifeInterval(passes, (indices) => {
    if (indices.length === passes) return statistic();
    const present = new Set(indices);
    return statistic(Array.from({ length: passes }, (_, pass) => pass).find((pass) => !present.has(pass)));
  });
}

/** Nats by which the law puts the second behind the first: paired, as both were measured on the same batches. */
export const behind = (first: Candidate, second: Candidate): Estimate =>
  overPasses(
    passesOf(first),
    (without) =>
      promise(first.parameters, heldOut(first, without)) -
      promise(second.parameters, heldOut(second, without)),
  );

/** The candidate that the law promises most of, without one pass or with all. */
export function winner(candidates: readonly Candidate[], without?: number): Candidate {
  const value = (one: Candidate) => promise(one.parameters, heldOut(one, without));
  return candidates.reduce((best, one) => (value(one) > value(best) ? one : best));
}

/** Whether a layer's halves of the text agree on anything: its ν is above 0 with its interval. */
export function hasSignal(curves: NaturalCurves, rank: number): boolean {
  const { replicates } = curves;
  const all = atRank(curves.heldOut, rank);
  if (replicates.length < 2) return all > 0;
  return (
    overPasses(replicates.length, (without) =>
      without === undefined ? all : atRank(replicates[without]!, rank),
    ).low > 0
  );
}
