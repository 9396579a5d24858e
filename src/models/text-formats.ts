/** Files that are no plain text, told by their first bytes or by their ending. */
import { extname } from 'node:path';
import { UserError } from '../errors/index.ts';

const TO_JSONL = 'write its texts as .jsonl, one {"text": …} per line';

/** What begins with these bytes, and what to do about it. */
const BEGINNINGS: readonly (readonly [begins: readonly number[] | string, what: string, fix: string])[] = [
  ['PAR1', 'a Parquet file', `${TO_JSONL}: pandas.read_parquet(…).to_json(…, orient="records", lines=True)`],
  ['ARROW1', 'an Arrow file', `${TO_JSONL}: datasets.Dataset.from_file(…).to_json(…)`],
  ['%PDF', 'a PDF', 'take the text out of it first: pdftotext'],
  ['PK\x03\x04', 'a zip archive, or a document of an office program', 'unpack it, or save it as plain text'],
  ['BZh', 'compressed by bzip2', 'unpack it first: bunzip2'],
  ['GGUF', 'a GGUF file, which holds a model', 'name a text'],
  ['SQLite format 3', 'an SQLite database', TO_JSONL],
  [[0x1f, 0x8b], 'compressed by gzip', 'unpack it first: gunzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed by zstd', 'unpack it first: unzstd'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'compressed by xz', 'unpack it first: unxz'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip archive', 'unpack it'],
  [[0xff, 0xfe], 'UTF-16', 'convert it: iconv -f utf-16 -t utf-8'],
  [[0xfe, 0xff], 'UTF-16', 'convert it: iconv -f utf-16 -t utf-8'],
];

const TABLES: Readonly<Record<string, string>> = { '.csv': ',', '.tsv': '\\t' };

/** Throws {@link UserError} `text-format` when `bytes` are of a file that would be measured as something it is not. */
export function refuseOtherFormats(path: string, bytes: Uint8Array): void {
  const separator = TABLES[extname(path).toLowerCase()];
  if (separator !== undefined) {
    const convert = `python3 -c "import pandas; pandas.read_csv('${path}', sep='${separator}').to_json('data.jsonl', orient='records', lines=True)"`;
    throw refusal(path, 'a table', `${TO_JSONL}: ${convert}`);
  }
  const begin = Buffer.from(bytes.subarray(0, 32)).toString('latin1');
  for (const [begins, what, fix] of BEGINNINGS) {
    const mark = typeof begins === 'string' ? begins : String.fromCharCode(...begins);
    if (begin.startsWith(mark)) throw refusal(path, what, fix);
  }
  const zero = bytes.indexOf(0);
  if (zero < 0) return;
  const wide =
    bytes.length % 2 === 0 &&
    [1, 3, 5, 7].every((at) => (bytes[at] ?? 0) === 0 || (bytes[at - 1] ?? 0) === 0);
  throw wide
    ? refusal(
        path,
        `a byte of 0 at ${zero}, as in UTF-16 without its mark`,
        'convert it: iconv -f utf-16le -t utf-8',
      )
    : refusal(
        path,
        `a byte of 0 at ${zero} of ${bytes.length}`,
        'name a text; in JSON, U+0000 is written \\u0000',
      );
}

function refusal(path: string, got: string, fix: string): UserError {
  return new UserError('text-format', {
    what: `${path} is not plain text.`,
    got,
    expected: 'UTF-8: a .txt, .jsonl, .ndjson or .json file',
    fix,
  });
}
