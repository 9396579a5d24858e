/** A training run in words. */
import type { TrainMetrics, TrainRecord } from '../record/index.ts';
import { formatCount, formatShare } from './format.ts';
import { escapeMarkdown } from './markdown-table.ts';
import { printable } from './printable.ts';

/** `core svd, rank 16`, or `mixed, by plan`. */
export function describeAdapter({ adapter: { layers } }: TrainRecord): string {
  const kinds = new Set(
    layers.map(({ family, basis }) => (family === 'full' ? family : `${family} ${basis}`)),
  );
  if (kinds.size > 1) return 'mixed, by plan';
  const [kind] = kinds;
  const ranks = layers.map(({ rank }) => rank);
  const [low, high] = [Math.min(...ranks), Math.max(...ranks)];
  return kind === 'full' ? 'full' : `${kind}, rank ${low === high ? low : `${low} to ${high}`}`;
}

/**
 * One or two sentences: what was trained, and what it did to the loss.
 *
 * @example
 * ```ts
 * console.log(summarizeTraining(readTrainRecord('runs/first'), readTrainMetrics('runs/first')));
 * ```
 */
export function summarizeTraining(given: TrainRecord, metrics: readonly TrainMetrics[]): string {
  const record = printable(given);
  const { adapter, step } = record;
  const trained =
    `${formatCount(adapter.trainedParameters)} parameters on ${adapter.layers.length} ${adapter.layers.length === 1 ? 'layer' : 'layers'} ` +
    `(${describeAdapter(record)}) after ${formatCount(step)} ${step === 1 ? 'step' : 'steps'}.`;
  const evaluated = metrics.flatMap(({ evalLoss }) => (evalLoss === undefined ? [] : [evalLoss]));
  const losses = metrics.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  const coverage = metrics.findLast((row) => row.coverage !== undefined)?.coverage;
  const reach =
    coverage === undefined ? '' : ` Coverage at the end: ${formatShare(coverage)}, the mean of two batches.`;
  if (evaluated.length > 1) {
    const [first, last] = [evaluated[0]!, evaluated.at(-1)!];
    const perplexity = (loss: number) => Math.exp(loss).toFixed(2);
    return `${trained} Loss on the evaluation text ${first.toFixed(4)} → ${last.toFixed(4)} (perplexity ${perplexity(first)} → ${perplexity(last)}).${reach}`;
  }
  if (losses.length === 0) return trained;
  return `${trained} Loss of the training batch ${losses[0]!.toFixed(4)} → ${losses.at(-1)!.toFixed(4)}.${reach}`;
}

/** The same as a paragraph of Markdown. */
export const trainingMarkdown = (record: TrainRecord, metrics: readonly TrainMetrics[]): string =>
  escapeMarkdown(summarizeTraining(record, metrics));
