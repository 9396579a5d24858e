/** What stands in a file of texts: rows, lines, entries of a list. */
import { UserError } from '../../errors/index.ts';

/** One entry as it stands in the file. */
export interface Entry {
  /** Where, for messages: `line 3`. */
  readonly place: string;
  readonly value: unknown;
}

/** In the words of JSON. */
export const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;

/** The error for an entry that holds no text: `text-invalid`. */
export function invalidEntry(path: string, problem: string, got: string, fix: string): UserError {
  return new UserError('text-invalid', {
    what: `${path}: ${problem}.`,
    got,
    expected:
      'objects with `messages`, with strings `prompt` and `completion`, or with a string `text`; or fields that options name',
    fix,
  });
}
