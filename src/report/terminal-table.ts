/** What the reports for a terminal share: colours, tables without lines, wrapping. */
import Table from 'cli-table3';

/** No line of a report is wider. */
export const WIDTH = 100;
/** Narrower terminals break lines themselves. */
const LEAST_WIDTH = 80;

export interface TerminalOptions {
  /** ANSI colours; off by default, so that a pipe or a file gets plain text. */
  readonly color?: boolean;
  /** Columns that the terminal has; a pipe or a file has room. */
  readonly columns?: number | undefined;
}

/** Columns that a report takes of those that are there. */
export const widthOf = (columns: number = WIDTH) => Math.min(WIDTH, Math.max(LEAST_WIDTH, columns));

export type Paint = Readonly<Record<'bold' | 'dim' | 'good' | 'poor', (text: string) => string>>;

export function makePaint(color: boolean): Paint {
  const wrapWith = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: wrapWith(1), dim: wrapWith(2), good: wrapWith(32), poor: wrapWith(33) };
}

/** A table without lines, `gap` spaces between its columns; the columns named in `left` hold text, others numbers. */
export function makeTable(
  head: readonly string[],
  left: readonly string[],
  paint: Paint,
  gap: number,
): Table.Table {
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
    head: head.map(paint.dim),
    chars: Object.fromEntries(lines.map((name) => [name, ''])),
    colAligns: head.map((name) => (left.includes(name) ? 'left' : 'right')),
    style: { head: [], border: [], 'padding-left': gap - 1, 'padding-right': 1 },
  });
}

/** The text of a table, without spaces at the ends of lines. */
export function printTable(table: Table.Table): string {
  return table.toString().replace(/ +$/gm, '');
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
