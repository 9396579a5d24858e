/** What commands print: paths and names may hold anything, and a terminal acts on control characters. */
import { escapeUnprintable } from '../errors/index.ts';

/** Lines of text with everything else that does not print written out. */
export const printable = (text: string): string => text.split('\n').map(escapeUnprintable).join('\n');

/** Whether what goes to standard output may be coloured: https://no-color.org. */
const mayColor = (): boolean => process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** What a report may take of the terminal that it goes to; 0 columns are those of one that does not know. */
export const terminalOptions = () => ({
  color: mayColor(),
  columns: process.stdout.columns || undefined,
});
