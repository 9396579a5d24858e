/** Words for standard output. */
import { wrap } from '../report/index.ts';
import { terminalOptions } from './print.ts';

/** Broken at spaces where a terminal has fewer columns than the words take. */
export function wrapped(text: string): string {
  const { columns } = terminalOptions();
  return columns === undefined ? text : wrap(text, Math.min(columns, 100)).join('\n');
}
