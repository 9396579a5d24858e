/** Files that hold no texts, told by their first bytes. */
import { UserError } from '../../errors/index.ts';
import { type KindName, recognizeKind } from '../../files/index.ts';

const TO_JSONL = 'write its texts as .jsonl, one {"text": …} per line';

/** What to do with a file of another kind where a text was wanted. A web page or JSON may be the text that was meant. */
const FIXES: Readonly<Partial<Record<KindName, string>>> = {
  parquet: 'give it the ending .parquet',
  arrow: `${TO_JSONL}: datasets.Dataset.from_file(…).to_json(…)`,
  sqlite: TO_JSONL,
  pdf: 'take the text out of it first: pdftotext',
  zip: 'unpack it, or save it as plain text',
  tar: 'unpack it',
  sevenZip: 'unpack it',
  bzip2: 'unpack it first: bunzip2',
  gzip: 'unpack it once more: gunzip',
  zstd: 'unpack it once more: unzstd',
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

/** Throws {@link UserError} `text-format` when `bytes`, a file's first, are of one that would be measured as something it is not. */
export function refuseOtherFormats(path: string, bytes: Uint8Array): void {
  const kind = recognizeKind(bytes);
  const fix = kind && FIXES[kind.id];
  if (kind !== undefined && fix !== undefined) throw refusal(path, kind.name, fix);
}

/** Throws {@link UserError} `text-format` when there is a 0 among `bytes`, which begin at `before`. */
export function refuseZero(path: string, bytes: Uint8Array, before: number): void {
  const zero = bytes.indexOf(0);
  if (zero < 0) return;
  const wide = [1, 3, 5, 7].every((at) => (bytes[at] ?? 0) === 0 || (bytes[at - 1] ?? 0) === 0);
  const got = `a byte of 0 at ${before + zero}`;
  throw wide && before === 0
    ? refusal(path, `${got}, as in UTF-16 without its mark`, 'convert it: iconv -f utf-16le -t utf-8')
    : refusal(path, got, 'name a text; in JSON, U+0000 is written \\u0000');
}

function refusal(path: string, got: string, fix: string): UserError {
  return new UserError('text-format', {
    what: `${path} is not a text.`,
    got,
    expected: 'UTF-8: a .txt, .jsonl, .json, .csv or .tsv file, also as .gz or .zst; or .parquet',
    fix,
  });
}
