/** Documents from text files. */
import { createHash } from 'node:crypto';
import { UserError } from '../errors/index.ts';
import { type Document, isBlank } from './document.ts';
import type { PlacedDocument } from './encode-documents.ts';
import { type FieldOptions, FieldReader } from './fields.ts';
import { findTextFiles, STANDARD_INPUT, type TextFile } from './files/find-files.ts';
import { refuseOthers } from './files/open-bytes.ts';
import { EntryReader } from './files/read-entries.ts';

/** What texts are read from: a file, a folder, a pattern such as `data/*.jsonl`, or `-` for standard input; or several. */
export type TextPaths = string | readonly string[];

export interface Documents {
  readonly documents: readonly Document[];
  /** Size of the files. */
  readonly bytes: number;
  /** Of the file's bytes; of several files, of their hashes. */
  readonly sha256: string;
  /** What was left out, in whole sentences. */
  readonly notes: readonly string[];
}

/** What is known of a file when its documents have been read. */
export interface ReadFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** With text in them. */
  readonly documents: number;
  /** Left out because nothing stands in them. */
  readonly blank: number;
  readonly notes: readonly string[];
}

/** A document of a file. */
export interface FileDocument extends PlacedDocument {
  /** Number of the file. */
  readonly file: number;
}

/** The files that texts are read from, and what became of them. */
export class DocumentReader {
  /** Those that have been read to their ends. */
  readonly files: ReadFile[] = [];
  /** About the choice of files, in whole sentences. */
  readonly notes: readonly string[];
  private readonly found: readonly TextFile[];
  private readonly options: FieldOptions;

  /** @throws UserError `text-not-found`. */
  constructor(paths: TextPaths, options: FieldOptions = {}) {
    const { files, notes } = findTextFiles(typeof paths === 'string' ? [paths] : paths);
    this.found = files;
    this.notes = notes;
    this.options = options;
  }

  /**
   * All documents in order, one at a time; entries without characters are left out.
   * Throws {@link UserError} `text-not-found`, `text-format`, `text-not-utf8`, `text-invalid`, `text-empty`.
   */
  async *documents(): AsyncGenerator<FileDocument> {
    for (const [index, file] of this.found.entries()) {
      const reader = new EntryReader(file);
      const fields = new FieldReader(reader.path, this.options);
      let [documents, blank] = [0, 0];
      for await (const entry of reader.entries()) {
        const placed =
          'text' in entry
            ? { document: entry, place: reader.path }
            : { document: fields.toDocument(entry), place: `${reader.path}, ${entry.place}` };
        if (isBlank(placed.document)) blank++;
        else {
          documents++;
          yield { ...placed, file: index };
        }
      }
      const { count, path } = reader;
      const left = blank > 0 ? [`Documents without text were left out: ${blank}.`] : [];
      const notes = [...reader.notes, ...left, ...fields.notes()];
      this.files.push({ path, bytes: count.bytes, sha256: count.sha256(), documents, blank, notes });
    }
    this.refuseEmpty();
  }

  private refuseEmpty(): void {
    const { files } = this;
    if (files.some(({ documents }) => documents > 0)) return;
    const blank = files.reduce((sum, file) => sum + file.blank, 0);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    throw new UserError('text-empty', {
      what: `${files
        .map(({ path }) => path)
        .slice(0, 3)
        .join(', ')} holds no text.`,
      got: `${bytes} bytes, ${blank} ${blank === 1 ? 'document' : 'documents'}, all of them blank`,
      expected: 'at least one document',
      fix: 'name another file',
    });
  }
}

/** Looks whether texts are there, and reads nothing. Throws {@link UserError} `text-not-found`. */
export async function checkTexts(paths: TextPaths): Promise<void> {
  for (const { path } of findTextFiles(typeof paths === 'string' ? [paths] : paths).files) {
    if (path !== STANDARD_INPUT) await refuseOthers(path);
  }
}

/**
 * Reads the documents of texts: `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv` and `.parquet` hold one per entry, as `text`,
 * as `prompt` and `completion`, or as `messages`; any other file is one document. All are in memory then.
 * Throws {@link UserError} as {@link DocumentReader} does.
 *
 * @example
 * ```ts
 * const { documents } = await readDocuments('notes.jsonl');
 * console.log(documents.length);
 * ```
 */
export async function readDocuments(paths: TextPaths, options: FieldOptions = {}): Promise<Documents> {
  const reader = new DocumentReader(paths, options);
  const documents: Document[] = [];
  for await (const { document } of reader.documents()) documents.push(document);
  return { documents, ...identityOf(reader.files), notes: notesOf(reader) };
}

/** Size and hash of files together. */
export function identityOf(files: readonly ReadFile[]): Pick<Documents, 'bytes' | 'sha256'> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length === 1) return { bytes, sha256: files[0]!.sha256 };
  const hash = createHash('sha256').update(files.map(({ sha256 }) => sha256).join('\n'));
  return { bytes, sha256: hash.digest('hex') };
}

/** What is told of files, with their names where there are several. */
export const notesOf = ({ notes, files }: DocumentReader): string[] => [
  ...notes,
  ...files.flatMap((file) => file.notes.map((note) => (files.length > 1 ? `${file.path}: ${note}` : note))),
];
