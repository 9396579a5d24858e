/** Reading text and JSON that come from outside: regular files, of a size that their kind can have. */
import { UserError } from '../errors/index.ts';
import { JsonScanner, MAXIMUM_DEPTH, RepeatedKey } from './json-scanner.ts';
import { readExactly, withFile } from './read-range.ts';
import { recognizeKind } from './recognize-file.ts';

const MB = 1e6;

/** Bytes that files of a kind may have: far above any that was published. */
export const SIZE_LIMITS = {
  config: 16 * MB,
  index: 100 * MB,
  tokenizer: 300 * MB,
  record: 500 * MB,
} as const;

/** How a JSON file is told about: the kind of error, and what to do. */
export interface JsonFile {
  readonly limit: number;
  readonly code: string;
  readonly fix: string;
}

/** A file as text. Throws {@link UserError} `file-not-found`, `file-not-readable`, `file-too-large`, `text-not-utf8`. */
export function readTextFile(path: string, limit: number): string {
  return withFile(path, (descriptor, size) => {
    if (size > limit) {
      throw new UserError('file-too-large', {
        what: `${path} is too large for what it should be.`,
        got: `${size} bytes`,
        expected: `at most ${limit} bytes`,
        fix: 'check that this is the right file',
      });
    }
    const bytes = readExactly(descriptor, path, 0, size);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      const kind = recognizeKind(bytes);
      throw new UserError(
        'text-not-utf8',
        {
          what: `${path} is ${kind?.name ?? 'not a UTF-8 text'}.`,
          got: `${size} bytes`,
          expected: 'a UTF-8 text',
          fix: kind?.fix ?? 'convert it to UTF-8 (iconv -t utf-8)',
        },
        { cause: error },
      );
    }
  });
}

/**
 * The value in a JSON file. Throws {@link UserError} as {@link readTextFile} does, and with the given code when the file
 * is not JSON; a file of another kind is called by its name.
 */
export function readJsonFile(path: string, file: JsonFile): unknown {
  const text = readTextFile(path, file.limit);
  try {
    return parseJson(text);
  } catch (error) {
    throw notJson(path, text, error, file);
  }
}

/** The error for a text that is not the JSON it should be: of another kind, or faulty. */
export function notJson(
  path: string,
  text: string,
  error: unknown,
  { code, fix }: Pick<JsonFile, 'code' | 'fix'>,
): UserError {
  const kind = recognizeKind(Buffer.from(text.slice(0, 1024)));
  const known = kind !== undefined && kind.id !== 'json' && kind.id !== 'text';
  return new UserError(
    code,
    {
      what: known ? `${path} is ${kind.name}.` : `${path} is not JSON.`,
      got: error instanceof Error ? error.message : String(error),
      expected: 'a JSON file',
      fix: known ? kind.fix : fix,
    },
    { cause: error },
  );
}

/** As {@link readJsonFile}, for files that hold an object. */
export function readJsonObject(path: string, file: JsonFile): Record<string, unknown> {
  const value = readJsonFile(path, file);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new UserError(file.code, {
    what: `${path} is not a JSON object.`,
    got: Array.isArray(value) ? 'a list' : JSON.stringify(value),
    expected: 'an object, {…}',
    fix: file.fix,
  });
}

/** `JSON.parse` of a text that may be hostile: nesting is bounded before anything is built. Throws `SyntaxError`. */
export function parseJson(text: string): unknown {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++depth > MAXIMUM_DEPTH) {
        throw new SyntaxError(`lists and objects stand more than ${MAXIMUM_DEPTH} deep in each other`);
      }
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
  return JSON.parse(text);
}

/** A key that stands twice in one object of a JSON text, of which `JSON.parse` takes the last value; undefined for none. */
export function findRepeatedKey(text: string): string | undefined {
  try {
    new JsonScanner(text).raw();
  } catch (error) {
    if (error instanceof RepeatedKey) return error.key;
  }
  return undefined;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The place of the quote that ends the string whose first quote stands at `start`; the text's end when none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
