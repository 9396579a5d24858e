/** Which basis reaches most, and whether the batches say so: differences on the same batches, with intervals. */
import { type Interval, intervalAround, jackknifeInterval, studentInterval } from '../numeric/index.ts';
import type { Comparison, Estimate, Family } from '../record/index.ts';
import { naturalTotal } from './natural.ts';
import { batchCoverages, type MeasuredLayer, missingIndex, type SummarySettings } from './summarize.ts';

/** All intervals of one comparison hold together with this probability (Bonferroni). */
const LEVEL = 0.95;

/** Beyond so many batches nothing is foretold. */
const MOST_BATCHES = 10_000;

/** A basis with its value, and its difference to another one with the batches that the interval is made from. */
interface Candidate {
  readonly basis: string;
  readonly value: number;
  differenceTo(other: number, level: number): Interval;
}

/**
 * At every rank, and for coverage of every family and for ν: the basis with the largest mean, and by how much it is ahead
 * of each other one, batch by batch. Nothing where a single batch, or for ν a single pass, says nothing of a spread.
 */
export function compareBases(
  group: readonly MeasuredLayer[],
  { families, ranks }: SummarySettings,
): Comparison[] {
  const batches = group[0]!.measurement.inner.batches.length;
  const bases = group[0]!.bases.map(({ basis }) => basis);
  const largest = (index: number) => Math.max(...group.map((layer) => layer.bases[index]!.draws[0]!.rank));
  if (bases.length < 2 || batches < 2) return [];
  return ranks.flatMap((rank) => {
    const within = bases.flatMap((_, index) => (rank <= largest(index) ? [index] : []));
    if (within.length < 2) return [];
    const coverage = families.map((family) =>
      compare('coverage', family, rank, batches, 1, coverageCandidates(group, within, family, rank)),
    );
    const passes = group[0]!.bases[0]!.natural?.replicates.length ?? 0;
    const measured =
      passes > 1 && group.every((layer) => layer.bases.every(({ natural }) => natural !== null));
    if (!measured) return coverage;
    const natural = naturalCandidates(group, within, rank, passes);
    return [...coverage, compare('natural', null, rank, passes, 2, natural)];
  });
}

function coverageCandidates(
  group: readonly MeasuredLayer[],
  indices: readonly number[],
  family: Family,
  rank: number,
): Candidate[] {
  const values = indices.map((index) => batchCoverages(group, index, family, rank));
  return indices.map((index, i) => ({
    basis: group[0]!.bases[index]!.basis,
    value: studentInterval(values[i]!).mean,
    differenceTo: (other, level) =>
      studentInterval(
        values[i]!.map((value, batch) => value - values[other]![batch]!),
        level,
      ),
  }));
}

function naturalCandidates(
  group: readonly MeasuredLayer[],
  indices: readonly number[],
  rank: number,
  passes: number,
): Candidate[] {
  /** Without one pass, or of all where `left` is undefined. */
  const total = (index: number, left?: number) =>
    naturalTotal(
      group.map(({ bases }) => bases[index]!.natural!),
      (one) => (left === undefined ? one.heldOut : one.replicates[left]!),
      rank,
    );
  return indices.map((index) => ({
    basis: group[0]!.bases[index]!.basis,
    value: total(index),
    differenceTo: (other, level) =>
      jackknifeInterval(
        passes,
        (kept) => {
          const left = kept.length === passes ? undefined : missingIndex(kept, passes);
          return total(index, left) - total(indices[other]!, left);
        },
        level,
      ),
  }));
}

/** @param items that the intervals are made from. @param batchesEach batches of an item. */
function compare(
  measure: Comparison['measure'],
  family: Family | null,
  rank: number,
  items: number,
  batchesEach: number,
  candidates: readonly Candidate[],
): Comparison {
  const level = 1 - (1 - LEVEL) / (candidates.length - 1);
  const best = candidates.reduce((a, b) => (b.value > a.value ? b : a));
  const differences = candidates.flatMap((other, index) =>
    other === best ? [] : [{ basis: other.basis, difference: best.differenceTo(index, level) }],
  );
  const needed = differences.map(({ difference }) => itemsNeeded(difference, items, level));
  const most = Math.max(...needed) * batchesEach;
  return {
    measure,
    family,
    rank,
    leader: best.basis,
    differences,
    batchesNeeded: most <= MOST_BATCHES ? most : null,
  };
}

/** How many items it takes, at this mean and spread, for the interval to lie above zero; at least those there are. */
function itemsNeeded({ mean, low, high }: Estimate, items: number, level: number): number {
  if (low > 0) return items;
  const reach = intervalAround(0, 1, items - 1, level).high;
  const deviation = ((high - mean) / reach) * Math.sqrt(items);
  const tells = (count: number) =>
    intervalAround(mean, deviation / Math.sqrt(count), count - 1, level).low > 0;
  if (!tells(MOST_BATCHES)) return Number.POSITIVE_INFINITY;
  let [short, enough] = [items, MOST_BATCHES];
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if (tells(middle)) enough = middle;
    else short = middle;
  }
  return enough;
}
