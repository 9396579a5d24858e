/** What the reports for a terminal share: colours, tables without lines that fit a width, wrapping. */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';

/** Columns of a pipe or a file, and the widest line of words. */
export const WIDTH = 100;
/** A wider terminal leaves columns free, a narrower one breaks lines itself. */
const MOST = 140;
const LEAST = 60;

export interface TerminalOptions {
  /** ANSI colours; off by default, so that a pipe or a file gets plain text. */
  readonly color?: boolean;
  /** Columns that the terminal has; a pipe or a file has room. */
  readonly columns?: number | undefined;
}

/** Columns that a report takes of those that are there. */
export const widthOf = (columns: number = WIDTH) => Math.min(MOST, Math.max(LEAST, columns));

export type Paint = Readonly<Record<'bold' | 'dim' | 'good' | 'poor', (text: string) => string>>;

export function makePaint(color: boolean): Paint {
  const wrapWith = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: wrapWith(1), dim: wrapWith(2), good: wrapWith(32), poor: wrapWith(33) };
}

export interface Column {
  readonly head: string;
  /** Holds words, not numbers; those that are no `whole` lose their beginning or their end where there is no room. */
  readonly words?: 'cut-left' | 'cut-right' | 'whole';
  /** Characters that cut words keep. */
  readonly least?: number;
  /** Left out where there is no room: of several the one with the highest first. Without it the column stays. */
  readonly spare?: number;
}

/** One text a column; or a title over all of them. */
export type Row = readonly string[] | { readonly title: string };

export interface FittedTable {
  readonly text: string;
  /** Whether no line is too wide. */
  readonly fits: boolean;
  /** Heads of the columns that were left out. */
  readonly without: readonly string[];
}

/**
 * A table without lines, `gap` spaces between its columns, within `width`: words are cut, then columns are left out;
 * numbers are never cut.
 */
export function fitTable(
  columns: readonly Column[],
  rows: readonly Row[],
  { paint, gap, width }: { readonly paint: Paint; readonly gap: number; readonly width: number },
): FittedTable {
  const texts = rows.filter(isCells);
  const widest = columns.map(({ head }, i) =>
    Math.max(head.length, ...texts.map((row) => stripVTControlCharacters(row[i]!).length)),
  );
  const narrowest = columns.map(({ least }, i) => Math.min(least ?? Infinity, widest[i]!));
  const kept = new Set(columns.keys());
  const total = (widths: readonly number[]) => [...kept].reduce((sum, i) => sum + widths[i]! + gap, -1);
  const spare = [...kept].filter((i) => columns[i]!.spare !== undefined);
  for (const i of spare.toSorted((a, b) => columns[b]!.spare! - columns[a]!.spare!))
    if (total(narrowest) > width) kept.delete(i);
  for (const i of [...kept].toReversed())
    widest[i] = Math.max(narrowest[i]!, widest[i]! - Math.max(0, total(widest) - width));
  const shown = [...kept].map((i) => ({ ...columns[i]!, i }));
  const table = emptyTable(shown, paint, gap);
  for (const row of rows) {
    if (isCells(row)) table.push(shown.map(({ i, words }) => cutWords(row[i]!, widest[i]!, words)));
    else table.push([{ content: row.title, colSpan: shown.length, hAlign: 'left' }]);
  }
  return {
    text: table.toString().replace(/ +$/gm, ''),
    fits: total(widest) <= width,
    without: columns.filter((_, i) => !kept.has(i)).map(({ head }) => head),
  };
}

const isCells = (row: Row): row is readonly string[] => !('title' in row);

function cutWords(text: string, width: number, words: Column['words']): string {
  if (stripVTControlCharacters(text).length <= width) return text;
  return words === 'cut-left' ? cutLeft(text, width) : cut(text, width);
}

function emptyTable(columns: readonly Column[], paint: Paint, gap: number): Table.Table {
  const none = [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
  ];
  const lines = [...none, 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'];
  return new Table({
    head: columns.map(({ head }) => paint.dim(head)),
    chars: Object.fromEntries(lines.map((name) => [name, ''])),
    colAligns: columns.map(({ words }) => (words === undefined ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': gap - 1, 'padding-right': 1 },
  });
}

/** Tables over parts of `items`, the fewest of which each fits. */
export function fitInParts<T>(
  items: readonly T[],
  make: (part: readonly T[]) => FittedTable,
): readonly FittedTable[] {
  for (let parts = 1; ; parts++) {
    const size = Math.ceil(items.length / parts);
    const tables = Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
      make(items.slice(i * size, (i + 1) * size)),
    );
    if (size === 1 || tables.every(({ fits }) => fits)) return tables;
  }
}

/** Lines of at most `width` characters, broken at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export const cut = (text: string, width: number) =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text;
const cutLeft = (text: string, width: number) => (text.length > width ? `…${text.slice(1 - width)}` : text);
