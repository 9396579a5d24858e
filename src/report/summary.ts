/** The answer in a few sentences, from the record alone: nothing is said that no interval backs. */
import type { Comparison, ProbeRecord, RankPoint } from '../record/index.ts';
import { formatCount, formatNumber, formatPercent, formatShare, formatShareWithSpread } from './format.ts';
import { basesOf, deadLayers, familiesOf, headlineRank, pointOf } from './view.ts';

export function summarize(record: ProbeRecord): string {
  const rank = headlineRank(record);
  const family = familiesOf(record)[0];
  if (rank === null || family === undefined) return 'Nothing was measured.';
  const measured = basesOf(record).flatMap((basis) => {
    const point = pointOf(record.global, basis, family, rank);
    return point === undefined ? [] : [{ basis, point }];
  });
  if (measured.length === 0) return 'Nothing was measured.';
  if (record.layers.length > 0 && deadLayers(record).length === record.layers.length)
    return 'No measured layer has any gradient on these batches: there is nothing to reach.';
  const { basis, point } = measured.reduce((a, b) => (b.point.coverage.mean > a.point.coverage.mean ? b : a));
  const ceiling =
    point.ceiling === null
      ? ''
      : `; no frames of that rank could reach more than ${formatShare(point.ceiling)} of the norm`;
  const first =
    `At rank ${rank}, ${family} adapters on ${basis} frames reach ${formatShareWithSpread(point.coverage)} of the ` +
    `gradient’s norm (${formatPercent(point.energy.mean)}\u00a0% of its energy), ${besideNull(point, record.measured.batches)}${ceiling}.`;
  const comparisons = (record.global.comparisons ?? []).filter((one) => one.rank === rank);
  const coverage = comparisons.find((one) => one.measure === 'coverage' && one.family === family);
  const natural = comparisons.find((one) => one.measure === 'natural');
  return [
    first,
    ...(coverage === undefined
      ? []
      : [`By coverage, ${whoLeads(coverage, record.measured.batches, formatShare)}.`]),
    ...(natural === undefined
      ? []
      : [`By natural coverage ν, held out, ${whoLeads(natural, record.measured.batches, formatNumber)}.`]),
  ].join(' ');
}

/** What is said of a gain: the interval must lie outside the band of one draw of random frames. */
function besideNull({ coverage, gain, null: band }: RankPoint, batches: number): string {
  const times = `${formatNumber(gain.mean)} times the energy that random frames reach`;
  if (coverage.low === coverage.high)
    return `${times} (${batches === 1 ? 'one batch' : 'batches without a difference'}, no interval)`;
  if (coverage.low > band.high) return times;
  if (coverage.high < band.low) return `${times}, which is less`;
  return 'no more than random frames may reach';
}

/**
 * A spread of fewer batches than this is itself known to half at best: seven degrees of freedom give its 95 % interval
 * as 0.66 … 2.0 times what was seen, so that four times as many batches may be needed.
 */
const FEW_BATCHES = 8;

/** `natural frames lead: ahead of svd by 1.2 [0.8, 1.6]`, or that it is undecided and what would tell. */
function whoLeads(
  { leader, differences, batchesNeeded }: Comparison,
  batches: number,
  format: (value: number) => string,
): string {
  const closest = differences.reduce((a, b) => (b.difference.low < a.difference.low ? b : a));
  const { mean, low, high } = closest.difference;
  // Batches that are alike, as of a text that repeats itself, have no spread to judge a difference by.
  if (low === high)
    return `who leads cannot be told: ${leader} frames are ahead of ${closest.basis} by ${format(mean)} on every batch alike`;
  const ahead = `${closest.basis} by ${format(mean)} [${format(low)}, ${format(high)}] on the same batches`;
  if (low > 0) return `${leader} frames lead: ahead of ${ahead}`;
  const more =
    batchesNeeded === null
      ? 'more than 10,000 batches would be needed'
      : `about ${formatCount(batchesNeeded)} batches would tell${batches < FEW_BATCHES ? `, a rough guess from ${batches}` : ''}`;
  return `who leads is undecided at this size: ${leader} frames are ahead of ${ahead}; ${more}`;
}
