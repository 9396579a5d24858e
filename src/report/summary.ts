/** The answer in a sentence or two, from the record alone. */
import type { Basis, ProbeRecord } from '../record/index.ts';
import { formatNumber, formatPercent, formatShare } from './format.ts';
import { basesOf, familiesOf, headlineRank, naturalAt, naturalOf, pointOf } from './view.ts';

export function summarize(record: ProbeRecord): string {
  const rank = headlineRank(record);
  const family = familiesOf(record)[0];
  if (rank === null || family === undefined) return 'Nothing was measured.';
  const bases = basesOf(record);
  const best = largest(bases, (basis) => pointOf(record.global, basis, family, rank)?.coverage.mean);
  const point = best === undefined ? undefined : pointOf(record.global, best, family, rank);
  if (point === undefined) return 'Nothing was measured.';
  const ceiling =
    point.ceiling === null
      ? ''
      : `; no frames of that rank could reach more than ${formatShare(point.ceiling)} of the norm`;
  const first =
    `At rank ${rank}, ${family} adapters on ${best} frames reach ${formatShare(point.coverage.mean)} of the ` +
    `gradient’s norm (${formatPercent(point.energy.mean)}\u00a0% of its energy), ` +
    `${formatNumber(point.gain.mean)} times the energy that random frames reach${ceiling}.`;
  const heldOut = (basis: Basis) => {
    const natural = naturalOf(record.global, basis);
    return natural === null ? undefined : naturalAt(natural.heldOut, rank);
  };
  const natural = largest(bases, heldOut);
  if (natural === undefined || bases.length < 2) return first;
  return `${first} By natural coverage on held-out batches, ${natural} frames lead (ν\u00a0=\u00a0${formatNumber(heldOut(natural)!)}).`;
}

/** The item with the largest defined score. */
function largest<T>(items: readonly T[], score: (item: T) => number | undefined): T | undefined {
  let best: T | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const value = score(item);
    if (value !== undefined && value > bestScore) {
      best = item;
      bestScore = value;
    }
  }
  return best;
}
