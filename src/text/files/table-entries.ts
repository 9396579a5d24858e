/** Rows of CSV and TSV as objects by the names of the first row. */
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { type Entry, invalidEntry } from './entry.ts';

/** Characters of the longest row. */
const LONGEST = 2 ** 28;

/** @throws UserError `text-invalid` naming the line. */
export async function* readTable(
  path: string,
  pieces: AsyncIterable<string>,
  delimiter: ',' | '\t',
): AsyncGenerator<Entry> {
  const parser = parse({
    delimiter,
    columns: (names: string[]) => checkColumns(path, names),
    info: true,
    skip_empty_lines: true,
    max_record_size: LONGEST,
    // A quote in a field of TSV is mostly just a quote.
    ...(delimiter === '\t' && { relax_quotes: true }),
  });
  const source = Readable.from(pieces);
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of source.pipe(parser)) {
      yield { place: `row ${info.records} (line ${info.lines})`, value: record };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalidEntry(
      path,
      `line ${error.lines ?? '?'} is no row of the table`,
      error.message,
      'mend it: fields with separators, quotes or line ends stand in quotes, and a quote in one is written twice',
    );
  } finally {
    source.destroy();
  }
}

function checkColumns(path: string, names: readonly string[]): string[] {
  const trimmed = names.map((name) => name.trim());
  const repeated = trimmed.find((name, i) => trimmed.indexOf(name) !== i);
  if (repeated === undefined) return trimmed;
  throw invalidEntry(
    path,
    'the first row names a column twice',
    JSON.stringify(repeated),
    'the first row must hold the names of the columns; give each its own',
  );
}
