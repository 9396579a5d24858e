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

/** Share of the strongest layer's ν below which a layer that is not told from noise is left out. */
const WEAK = 0.01;

/** Names of the layers that have signal in some basis: ν above 0 with its interval, or not small beside the strongest. */
export function withSignal(bases: Iterable<LayerCurves>, rank: number): Set<string> {
  const values = [...bases].flatMap((curves) =>
    [...curves].map(([name, one]) => ({ name, one, all: atRank(one.heldOut, rank) })),
  );
  const most = Math.max(...values.map(({ all }) => all));
  const kept = values.filter(({ one: { replicates }, all }) => {
    if (all > WEAK * most) return true;
    return (
      all > 0 &&
      replicates.length > 1 &&
      overPasses(replicates.length, (without) =>
        without === undefined ? all : atRank(replicates[without]!, rank),
      ).low > 0
    );
  });
  return new Set(kept.map(({ name }) => name));
}
