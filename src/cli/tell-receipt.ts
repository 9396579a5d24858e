/** What became of a text, in a few lines. */
import { oneLine } from '../errors/index.ts';
import type { Receipt } from '../text/index.ts';

/** Bytes of each part of the first sequence that are shown. */
const SHOWN = 120;

const count = (number: number, name: string): string =>
  `${number.toLocaleString('en')} ${number === 1 ? name : `${name}s`}`;

/** Counts, what was left out, and the first sequence with what of it is predicted. */
export function tellReceipt(path: string, receipt: Receipt): string[] {
  const { documents, tokens, sequences, targets, notes, first } = receipt;
  const found = `${count(documents, 'document')}, ${count(tokens, 'token')}`;
  const made = `${count(sequences, 'sequence')}, ${count(targets, 'token')} of them to be predicted`;
  const shown = first.map(({ text, target }) => {
    return `${target ? 'predicted' : 'given'} “${oneLine(text, SHOWN)}”`;
  });
  return [
    `${path}: ${found}; ${made}`,
    ...notes.map((note) => `  ${note}`),
    `  the first sequence: ${shown.join(', ')}`,
  ];
}
