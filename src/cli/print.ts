/** What commands print: paths and names may hold anything, and a terminal acts on control characters. */
import { escapeUnprintable } from '../errors/index.ts';
import { wrap } from '../report/index.ts';

/** Lines of text with everything else that does not print written out. */
export const printable = (text: string): string => text.split('\n').map(escapeUnprintable).join('\n');

/** Whether what goes to standard output may be coloured: https://no-color.org. */
const mayColor = (): boolean => process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** Words for standard output, broken at spaces where a terminal has fewer columns. */
export function wrapped(text: string): string {
  const columns = terminalOptions().columns;
  return columns === undefined ? text : wrap(text, Math.min(columns, 100)).join('\n');
}

/** What a report may take of the terminal that it goes to; 0 columns are those of one that does not know. */
export const terminalOptions = () => ({
  color: mayColor(),
  columns: process.stdout.columns || undefined,
});
