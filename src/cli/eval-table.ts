/** The results of `rankscope eval` as a table. */
import type { Interval } from '../numeric/index.ts';

/** One line of the result. */
export interface Evaluated {
  readonly name: string;
  readonly form: 'model' | 'adapter' | 'merged';
  /** Nats per target, mean and 95 % interval over sequences. */
  readonly loss: Interval;
  /** exp of the loss. */
  readonly perplexity: Interval;
  /** Loss less that of the model itself, sequence by sequence; null for the model. */
  readonly change: Interval | null;
}

/** What was measured on. */
export interface EvaluationData {
  readonly path: string;
  readonly sequences: number;
  readonly seqLen: number;
}

const HEADINGS = ['', 'loss (95 %)', 'perplexity (95 %)', 'change of loss (95 %)'];

/** @param columns those of the terminal: where they are too few, every result is a list. */
export function renderEvaluations(
  results: readonly Evaluated[],
  data: EvaluationData,
  columns?: number,
): string {
  const rows = results.map(({ name, form, loss, perplexity, change }) => [
    form === 'model' ? name : `${form === 'adapter' ? 'with' : 'merged with'} ${name}`,
    interval(loss, 4),
    interval(perplexity, 2),
    change === null ? '' : interval(change, 4, true),
  ]);
  const widths = HEADINGS.map((_, column) =>
    Math.max(...[HEADINGS, ...rows].map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `${cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()}\n`;
  const table = [HEADINGS, ...rows].map(line);
  const fits = columns === undefined || table.every((text) => text.length <= columns + 1);
  const list = rows.map(([name, ...cells]) => {
    const lines = cells.map((cell, i) => (cell === '' ? '' : `  ${HEADINGS[i + 1]!.padEnd(23)}${cell}\n`));
    return `${name}\n${lines.join('')}`;
  });
  return (
    `${data.path}: ${data.sequences} ${data.sequences === 1 ? 'sequence' : 'sequences'} of ${data.seqLen} tokens\n` +
    (fits ? table : list).join('')
  );
}

/** At least `least` decimals, and as many as show half the interval in two digits: 0.0000 would say nothing. */
function interval({ mean, low, high }: Interval, least: number, signed = false): string {
  const half = (high - low) / 2;
  // One sequence, or sequences that are alike, tell nothing of the spread.
  const bounds = (digits: number) =>
    half === 0 ? '[no interval]' : `[${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  const digits = half > 0 ? Math.max(least, Math.min(12, 1 - Math.floor(Math.log10(half)))) : least;
  const sign = signed && mean >= 0 ? '+' : '';
  return `${sign}${mean.toFixed(digits)} ${bounds(digits)}`;
}
