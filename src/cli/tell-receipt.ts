/** What became of a text, in a few lines. */
import { oneLine } from '../errors/index.ts';
import type { Receipt } from '../text/index.ts';

/** Bytes of each part of the first sequence that are shown. */
const SHOWN = 120;

/** Files that are told one by one. */
const FILES = 12;

const count = (number: number, name: string): string =>
  `${number.toLocaleString('en')} ${number === 1 ? name : `${name}s`}`;

/** Counts, what was left out, and the first sequence with what of it is predicted. */
export function tellReceipt(path: string, receipt: Receipt): string[] {
  const { documents, tokens, sequences, targets, notes, first, files } = receipt;
  const found = `${count(documents, 'document')}, ${count(tokens, 'token')}`;
  const made = `${count(sequences, 'sequence')}, ${count(targets, 'token')} of them to be predicted`;
  const shown = first.map(({ text, target }) => {
    return `${target ? 'predicted' : 'given'} “${oneLine(text, SHOWN)}”`;
  });
  return [
    `${path}: ${found}; ${made}`,
    ...(files.length > 1 ? files.slice(0, FILES).map(tellFile) : []),
    ...(files.length > FILES ? [`  and ${files.length - FILES} files more`] : []),
    ...notes.map((note) => `  ${note}`),
    `  the first sequence: ${shown.join(', ')}`,
  ];
}

const tellFile = ({ path, documents, blank, sequences, targets, given }: Receipt['files'][number]): string =>
  `  ${oneLine(path, SHOWN)}: ${count(documents, 'document')} and ${blank} blank, ${count(sequences, 'sequence')}, ` +
  `${count(targets, 'token')} predicted, ${given.toLocaleString('en')} only given`;
