/** Files that are no plain text, told by their first bytes or by their ending. */
import { extname } from 'node:path';
import { UserError } from '../errors/index.ts';
import { type KindName, recognizeKind } from '../files/index.ts';

const TO_JSONL = 'write its texts as .jsonl, one {"text": …} per line';

/** What to do with a file of another kind where a text was wanted. A web page or JSON may be the text that was meant. */
const FIXES: Readonly<Partial<Record<KindName, string>>> = {
  parquet: `${TO_JSONL}: pandas.read_parquet(…).to_json(…, orient="records", lines=True)`,
  arrow: `${TO_JSONL}: datasets.Dataset.from_file(…).to_json(…)`,
  sqlite: TO_JSONL,
  pdf: 'take the text out of it first: pdftotext',
  zip: 'unpack it, or save it as plain text',
  tar: 'unpack it',
  sevenZip: 'unpack it',
  bzip2: 'unpack it first: bunzip2',
  gzip: 'unpack it first: gunzip',
  zstd: 'unpack it first: unzstd',
  xz: 'unpack it first: unxz',
  gguf: 'name a text',
  ggml: 'name a text',
  safetensors: 'name a text',
  pytorch: 'name a text',
  pickle: 'name a text',
  hdf5: TO_JSONL,
  numpy: TO_JSONL,
  utf16: 'convert it: iconv -f utf-16 -t utf-8',
  lfs: 'fetch the file: git lfs pull',
};

const TABLES: Readonly<Record<string, string>> = { '.csv': ',', '.tsv': '\\t' };

/** Throws {@link UserError} `text-format` when `bytes` are of a file that would be measured as something it is not. */
export function refuseOtherFormats(path: string, bytes: Uint8Array): void {
  const separator = TABLES[extname(path).toLowerCase()];
  if (separator !== undefined) {
    const convert = `python3 -c "import pandas; pandas.read_csv('FILE', sep='${separator}').to_json('data.jsonl', orient='records', lines=True)"`;
    throw refusal(path, 'a table', `${TO_JSONL}: ${convert}`);
  }
  const kind = recognizeKind(bytes);
  const fix = kind && FIXES[kind.id];
  if (kind !== undefined && fix !== undefined) throw refusal(path, kind.name, fix);
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
