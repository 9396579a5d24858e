/** The entries of a file of texts, whatever its form. */

import type { TextDocument } from '../document.ts';
import { decodeUtf8, type TextBeginning } from './decode-utf8.ts';
import type { Entry } from './entry.ts';
import { STANDARD_INPUT, type TextFile } from './find-files.ts';
import { readLines, readList } from './json-entries.ts';
import { ByteCount, openBytes } from './open-bytes.ts';
import { readParquet } from './parquet-entries.ts';
import { readTable } from './table-entries.ts';

/** Characters of a plain text that are one document; of a longer one, pieces are. */
const WHOLE_TEXT = 2 ** 25;

/** Characters of such a piece, about. */
const PIECE = 2 ** 20;

/** A file that is being read. */
export class EntryReader {
  readonly path: string;
  readonly count = new ByteCount();
  /** What was decided about the file and what was left out, in whole sentences; whole when the entries are read. */
  readonly notes: string[] = [];
  private readonly file: TextFile;

  constructor(file: TextFile) {
    this.file = file;
    this.path = file.path === STANDARD_INPUT ? 'standard input' : file.path;
  }

  /** Entries with objects, and of a plain text the text: {@link TextDocument}. Throws {@link UserError}. */
  async *entries(): AsyncGenerator<Entry | TextDocument> {
    const { path, file } = this;
    if (file.format === 'parquet') {
      yield* readParquet(file.path);
      for await (const _ of openBytes(file.path, this.count));
      return;
    }
    const beginning: TextBeginning = { byteOrderMark: false };
    const pieces = decodeUtf8(path, openBytes(file.path, this.count), beginning);
    const format = file.path === STANDARD_INPUT ? undefined : file.format;
    yield* this.parse(pieces, format);
    if (beginning.byteOrderMark) this.notes.unshift('The byte-order mark at the beginning was left out.');
  }

  private async *parse(
    pieces: AsyncGenerator<string>,
    format: Exclude<TextFile['format'], 'parquet'> | undefined,
  ): AsyncGenerator<Entry | TextDocument> {
    const { path } = this;
    if (format === undefined) {
      const first = await pieces.next();
      const head = first.done ? '' : first.value;
      const kind = head.trimStart().startsWith('{"') ? 'lines' : 'text';
      this.notes.push(`Standard input was read as ${kind === 'lines' ? 'JSON lines' : 'plain text'}.`);
      yield* this.parse(prepend(head, pieces), kind);
    } else if (format === 'lines') yield* readLines(path, pieces);
    else if (format === 'json') {
      yield* readList(path, pieces, () =>
        this.notes.push('The file was read as JSON lines, one entry per line.'),
      );
    } else if (format === 'text') yield* this.readPlain(pieces);
    else yield* readTable(path, pieces, format === 'csv' ? ',' : '\t');
  }

  private async *readPlain(pieces: AsyncIterable<string>): AsyncGenerator<TextDocument> {
    let text = '';
    let parts = 0;
    for await (const piece of pieces) {
      text += piece;
      if (parts === 0 && text.length <= WHOLE_TEXT) continue;
      for (let end = cutPlace(text, PIECE); end !== undefined; end = cutPlace(text, PIECE)) {
        yield { text: text.slice(0, end), part: parts++ === 0 ? 'first' : 'middle' };
        text = text.slice(end);
      }
    }
    if (parts === 0) yield { text };
    else {
      yield { text, part: 'last' };
      this.notes.push(
        `The text is long and was made into tokens in pieces, which begin at lines: ${parts + 1}.`,
      );
    }
  }
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/** Where a line begins with a letter or sign after `least` characters, so that no token reaches across. */
function cutPlace(text: string, least: number): number | undefined {
  if (text.length < 2 * least) return undefined;
  const pattern = /\n(?=\S)/g;
  pattern.lastIndex = least;
  const found = pattern.exec(text);
  return found === null ? undefined : found.index + 1;
}
