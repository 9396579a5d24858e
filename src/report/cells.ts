/** Cells of a reproduction's tables as text: one number of decimals down a column, intervals apart. */
import { type Cell, type Estimate, type ExperimentTable, roundSignificant } from '../record/index.ts';
import { formatCount, formatNumber } from './format.ts';

/** A cell as it is read; the interval is set apart from the value so that a page can make it smaller. */
export interface TextCell {
  readonly text: string;
  readonly interval: string | null;
}

/** A table as text. The first column names its rows. */
export interface TextGrid {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly TextCell[])[];
  /** Columns of words rather than numbers, by index. */
  readonly words: readonly number[];
  /** The column from which figures are the source's; null where all are ours. */
  readonly sourceFrom: number | null;
}

const ABSENT: TextCell = { text: '–', interval: null };

/** `−0.9963 [−0.9970, −0.9950]`, to the second digit of half the interval. */
export function formatEstimate({ mean, low, high }: Estimate): string {
  const half = (high - low) / 2;
  const size = Math.max(Math.abs(low), Math.abs(high));
  const text = (value: number) => {
    if (size > 0 && size < 1e-4) return minus(value.toExponential(1));
    if (half === 0) return signed(value);
    return fixed(value, decimalsOf(half));
  };
  return half === 0 ? text(mean) : `${text(mean)} [${text(low)}, ${text(high)}]`;
}

/** Our cells of one column, with as many decimals as give its largest number four digits and as intervals support. */
function columnTexts(cells: readonly Cell[]): TextCell[] {
  const format = columnFormat(cells);
  return cells.map((cell) => {
    if (cell === null) return ABSENT;
    if (typeof cell === 'string') return { text: cell, interval: null };
    if (typeof cell === 'number') return { text: format(cell), interval: null };
    return { text: format(cell.mean), interval: `[${format(cell.low)}, ${format(cell.high)}]` };
  });
}

function columnFormat(cells: readonly Cell[]): (value: number) => string {
  const plain = cells.filter((cell) => typeof cell === 'number');
  const estimates = cells.filter(isEstimate);
  const numbers = [...plain, ...estimates.flatMap(({ mean, low, high }) => [mean, low, high])];
  if (numbers.every(Number.isInteger)) return (value) => minus(formatCount(value));
  const sizes = numbers.map(Math.abs).filter((size) => size > 0);
  const full = Math.max(0, 3 - Math.floor(Math.log10(Math.max(...sizes))));
  // Numbers of very different sizes have no decimals in common.
  if (Math.min(...sizes) * 10 ** full < 1) return signed;
  const halves = estimates.map(({ low, high }) => (high - low) / 2).filter((half) => half > 0);
  const decimals =
    plain.length > 0 || halves.length === 0 ? full : Math.min(full, decimalsOf(Math.min(...halves)));
  return (value) => fixed(value, decimals);
}

/** The decimals that show half an interval in two digits. */
function decimalsOf(half: number): number {
  return Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(half))));
}

/** Our table, with the source's figures to its right where their rows have the same names; else both apart. */
export function textGrids(table: ExperimentTable): { grid: TextGrid; source: TextGrid | null } {
  const ours = toGrid(table.columns, table.rows, columnTexts);
  if (table.source === null) return { grid: ours, source: null };
  // The source's numbers are shown as it wrote them, those computed from its tables to their five digits.
  const source = toGrid(table.source.columns, table.source.rows, (cells) => cells.map(asWritten));
  const names = ours.rows.map((row) => row[0]?.text);
  const places = source.rows.map((row) => names.indexOf(row[0]?.text));
  if (places.includes(-1) || new Set(places).size < places.length) return { grid: ours, source };
  const others = source.columns.slice(1);
  const rows = ours.rows.map((row, index) => {
    const place = places.indexOf(index);
    return [...row, ...(place === -1 ? others.map(() => ABSENT) : source.rows[place]!.slice(1))];
  });
  const from = ours.columns.length;
  const words = [...ours.words, ...source.words.filter((i) => i > 0).map((i) => i - 1 + from)];
  return { grid: { columns: [...ours.columns, ...others], rows, words, sourceFrom: from }, source: null };
}

function toGrid(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  format: (cells: readonly Cell[]) => TextCell[],
): TextGrid {
  const byColumn = columns.map((_, column) => rows.map((row) => row[column] ?? null));
  const texts = byColumn.map(format);
  const words = [...columns.keys()].filter((column) => {
    const cells = byColumn[column]!.filter((cell) => cell !== null);
    return cells.every((cell) => typeof cell === 'string') && cells.some((cell) => /[a-z]{4}/i.test(cell));
  });
  return { columns, rows: rows.map((_, row) => texts.map((cells) => cells[row]!)), words, sourceFrom: null };
}

function asWritten(cell: Cell): TextCell {
  if (cell === null) return ABSENT;
  if (isEstimate(cell))
    return { text: written(cell.mean), interval: `[${written(cell.low)}, ${written(cell.high)}]` };
  return { text: typeof cell === 'number' ? written(cell) : cell, interval: null };
}

function isEstimate(cell: Cell): cell is Estimate {
  return typeof cell === 'object' && cell !== null;
}

const written = (value: number) =>
  minus(String(Number.isInteger(value) ? value : roundSignificant(value, 5)));
const signed = (value: number) => minus(formatNumber(value));
const fixed = (value: number, decimals: number) =>
  minus(value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
/** A proper minus sign; none before a zero, nor in place of the hyphen of an exponent. */
const minus = (text: string) => text.replace(/^-(?=[0.]*$)/, '').replace(/^-/, '−');
