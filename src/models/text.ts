/** Documents from text files: plain text, JSONL, JSON. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { UserError } from '../errors/index.ts';

/** A text; the model is to predict `text`, and not `prompt`, which stands in front of it. */
export interface Document {
  readonly text: string;
  readonly prompt?: string;
}

export interface Documents {
  readonly documents: readonly Document[];
  /** Of the file's bytes. */
  readonly sha256: string;
}

/**
 * Reads the documents of a file: `.jsonl` and `.json` (a list) hold one per entry, as `text` or as `prompt`
 * and `completion`; any other file is one document. Entries without characters are left out.
 * Throws {@link UserError} `text-not-found`, `text-not-utf8`, `text-invalid`, `text-empty`.
 */
export async function readDocuments(path: string): Promise<Documents> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new UserError(
      'text-not-found',
      {
        what: `The text file ${path} cannot be read.`,
        got: error instanceof Error && 'code' in error ? String(error.code) : String(error),
        fix: 'check the path and your right to read it',
      },
      { cause: error },
    );
  });
  const documents = parseDocuments(path, decodeText(path, bytes)).filter(({ text }) => text.trim() !== '');
  if (documents.length === 0) {
    throw new UserError('text-empty', {
      what: `${path} holds no text.`,
      got: `${bytes.length} bytes, all of them blank`,
      expected: 'at least one document',
      fix: 'name another file',
    });
  }
  return { documents, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UserError(
      'text-not-utf8',
      {
        what: `${path} is not a UTF-8 text of at most 512 MB.`,
        got: `${bytes.length} bytes: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'convert it to UTF-8 (iconv -t utf-8) or cut it into smaller files',
      },
      { cause: error },
    );
  }
}

function parseDocuments(path: string, text: string): Document[] {
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
      return text.split('\n').flatMap((line, i) => {
        const place = `line ${i + 1}`;
        return line.trim() === '' ? [] : [toDocument(path, place, parseJson(path, place, line))];
      });
    case '.json': {
      const entries = parseJson(path, 'the file', text);
      if (!Array.isArray(entries)) throw invalid(path, 'the file is not a list', typeof entries);
      return entries.map((entry, i) => toDocument(path, `entry ${i + 1}`, entry));
    }
    default:
      return [{ text }];
  }
}

function parseJson(path: string, place: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, `${place} is not JSON`, error instanceof Error ? error.message : String(error));
  }
}

function toDocument(path: string, place: string, entry: unknown): Document {
  if (typeof entry !== 'object' || entry === null)
    throw invalid(path, `${place} is not an object`, typeof entry);
  const { text, prompt, completion } = entry as Record<string, unknown>;
  if (typeof text === 'string') return { text };
  if (typeof prompt === 'string' && typeof completion === 'string') return { prompt, text: completion };
  const fields = Object.entries(entry).map(([name, value]) => `${name} (${typeof value})`);
  throw invalid(path, `${place} has no text`, `the fields ${fields.join(', ') || '(none)'}`);
}

function invalid(path: string, problem: string, got: string): UserError {
  return new UserError('text-invalid', {
    what: `${path}: ${problem}.`,
    got,
    expected: 'objects with a string `text`, or with strings `prompt` and `completion`',
    fix: 'rename the field that holds the text to `text`',
  });
}
