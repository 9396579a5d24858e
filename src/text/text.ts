/** Documents from text files: plain text, JSONL, JSON. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UserError } from '../errors/index.ts';
import { refuseOtherFormats } from './text-formats.ts';

/** A text; the model is to predict `text`, and not `prompt`, which stands in front of it. */
export interface Document {
  readonly text: string;
  readonly prompt?: string;
}

export interface Documents {
  readonly documents: readonly Document[];
  /** Size of the file. */
  readonly bytes: number;
  /** Of the file's bytes. */
  readonly sha256: string;
  /** What was left out, in whole sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads the documents of a file: `.jsonl`, `.ndjson` and `.json` (a list) hold one per entry, as `text` or as
 * `prompt` and `completion`; any other file is one document. Entries without characters are left out.
 * Throws {@link UserError} `text-not-found`, `text-format`, `text-not-utf8`, `text-invalid`, `text-empty`.
 */
export async function readDocuments(path: string): Promise<Documents> {
  const bytes = await readRegularFile(path);
  refuseOtherFormats(path, bytes);
  const entries = parseDocuments(path, decodeText(path, bytes));
  const documents = entries.filter(({ text }) => text.trim() !== '');
  if (documents.length === 0) {
    throw new UserError('text-empty', {
      what: `${path} holds no text.`,
      got: `${bytes.length} bytes, ${entries.length} ${entries.length === 1 ? 'document' : 'documents'}, all of them blank`,
      expected: 'at least one document',
      fix: 'name another file',
    });
  }
  const blank = entries.length - documents.length;
  const notes = [
    ...(hasByteOrderMark(bytes) ? ['The byte-order mark at the beginning was left out.'] : []),
    ...(blank > 0 ? [`Documents without text were left out: ${blank}.`] : []),
  ];
  return { documents, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length, notes };
}

/** Looks before it reads: a pipe or a device has no end. */
async function readRegularFile(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isFile()) return await readFile(path);
    throw new UserError('text-not-found', {
      what: `${path} is not a file.`,
      got: found.isDirectory()
        ? 'a folder'
        : found.isFIFO()
          ? 'a pipe'
          : found.isSocket()
            ? 'a socket'
            : 'a device',
      expected: 'a .txt, .jsonl or .json file',
      fix: 'write the text to a file and name that',
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UserError(
      'text-not-found',
      {
        what: `The text file ${path} cannot be read.`,
        got: code,
        fix:
          code === 'ERR_FS_FILE_TOO_LARGE'
            ? 'cut it into smaller files'
            : 'check the path and your right to read it',
      },
      { cause: error },
    );
  }
}

const hasByteOrderMark = (bytes: Uint8Array) => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const at = firstInvalid(bytes);
    throw new UserError(
      'text-not-utf8',
      {
        what: `${path} is not a UTF-8 text of at most 512 MB.`,
        got:
          at === undefined
            ? `${bytes.length} bytes: ${error instanceof Error ? error.message : String(error)}`
            : `the byte 0x${bytes[at]!.toString(16)} at ${at} of ${bytes.length}`,
        fix: at === undefined ? 'cut it into smaller files' : 'convert it to UTF-8: iconv -t utf-8',
      },
      { cause: error },
    );
  }
}

/** Where the first bytes begin that are no UTF-8. */
function firstInvalid(bytes: Uint8Array): number | undefined {
  const isText = (end: number) => {
    try {
      // As a stream, so that a character that `end` cuts through is no mistake.
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), {
        stream: end < bytes.length,
      });
      return true;
    } catch {
      return false;
    }
  };
  if (bytes.length > 2 ** 28 || isText(bytes.length)) return undefined;
  let [low, high] = [0, bytes.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isText(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function parseDocuments(path: string, text: string): Document[] {
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      return text.split('\n').flatMap((line, i) => {
        const place = `line ${i + 1}`;
        return line.trim() === '' ? [] : [toDocument(path, place, parseJson(path, place, line))];
      });
    case '.json': {
      const entries = parseJson(path, 'the file', text);
      if (Array.isArray(entries)) return entries.map((entry, i) => toDocument(path, `entry ${i + 1}`, entry));
      throw invalid(path, 'the file is not a list', kindOf(entries), 'put the entries between [ and ]');
    }
    default:
      return [{ text }];
  }
}

function parseJson(path: string, place: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const lines = extname(path).toLowerCase() === '.json' && /^\s*\{.*\}\s*\n\s*\{/.test(text);
    const fix = lines
      ? 'give it the ending .jsonl: each of its lines is an entry'
      : place === 'the file'
        ? 'mend the JSON there, or give the file the ending .txt when it is plain text'
        : 'mend the JSON there; each line must be an object of its own';
    throw invalid(path, `${place} is not JSON`, got, fix);
  }
}

function toDocument(path: string, place: string, entry: unknown): Document {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    const fix =
      typeof entry === 'string' ? 'write {"text": …} around it' : 'make it an object with a field `text`';
    throw invalid(path, `${place} is not an object`, kindOf(entry), fix);
  }
  const { text, prompt, completion } = entry as Record<string, unknown>;
  const both = typeof prompt === 'string' && typeof completion === 'string';
  if (both && typeof text === 'string') {
    const fix = 'leave out `text`, or `prompt` and `completion`';
    throw invalid(path, `${place} says its text twice`, 'text, prompt and completion', fix);
  }
  if (typeof text === 'string') return { text };
  if (both) return { prompt, text: completion };
  const got = Object.entries(entry).map(([name, value]) => `${name} (${kindOf(value)})`);
  throw invalid(
    path,
    `${place} has no text`,
    `the fields ${got.join(', ') || '(none)'}`,
    adviseFields(entry),
  );
}

function adviseFields(entry: object): string {
  const wrong = ['text', 'prompt', 'completion'].filter((name) => Object.hasOwn(entry, name));
  if (Object.hasOwn(entry, 'messages') || Object.hasOwn(entry, 'conversations')) {
    return 'write each chat as `prompt` and `completion`, with the marks of the model’s chat template in them';
  }
  const halves: Record<string, string> = { prompt: 'completion', completion: 'prompt' };
  for (const [half, other] of Object.entries(halves)) {
    if (wrong.includes(half) && !wrong.includes(other))
      return `add the field \`${other}\` beside \`${half}\``;
  }
  if (wrong.length > 0) return `make ${wrong.map((name) => `\`${name}\``).join(' and ')} a string`;
  return 'rename the field that holds the text to `text`, or those of question and answer to `prompt` and `completion`';
}

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;

function invalid(path: string, problem: string, got: string, fix: string): UserError {
  return new UserError('text-invalid', {
    what: `${path}: ${problem}.`,
    got,
    expected: 'objects with a string `text`, or with strings `prompt` and `completion`',
    fix,
  });
}
