/**
 * Room `errors`: the one error that a person is meant to read.
 *
 * Every mistake that comes from outside (a file, a flag, a text) is raised as a {@link UserError}; the
 * command line prints it without a stack trace and exits with code 2. Anything else that is thrown is a
 * defect of ours.
 */

import { fewLines, oneLine } from './plain-text.ts';

export { escapeUnprintable, oneLine, someOf } from './plain-text.ts';

/**
 * The parts of a message: what went wrong, what was found (a list is told line by line), what was expected, what to do
 * about it. They may hold names and values from a file, of any length: see {@link UserError}.
 */
export interface ErrorParts {
  readonly what: string;
  readonly got?: string | readonly string[];
  readonly expected?: string;
  readonly fix?: string;
}

/** Bytes that a part of a message, and a list of lines, may have: with four parts a message stays under 2 kB. */
const PART_LIMIT = 420;
const LINES_LIMIT = 560;

/**
 * A mistake outside this program, told so that it can be mended: what, got, expected, what to do. Every part is cut to a
 * length that can be read, and characters that would not print are written out.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Stable, kebab-case, for programs: `file-not-found`, `weights-not-finite`, … */
  readonly code: string;

  constructor(code: string, parts: ErrorParts, options?: ErrorOptions) {
    const lines = [
      oneLine(parts.what, PART_LIMIT),
      ...tell('  got:      ', parts.got),
      ...tell('  expected: ', parts.expected),
      ...tell('  to do:    ', parts.fix),
    ];
    super(lines.join('\n'), options);
    this.code = code;
  }
}

function tell(label: string, part: string | readonly string[] | undefined): readonly string[] {
  if (part === undefined) return [];
  const [first = '', ...more] =
    typeof part === 'string' ? [oneLine(part, PART_LIMIT)] : fewLines(part, LINES_LIMIT);
  return [label + first, ...more.map((line) => ' '.repeat(label.length) + line)];
}

/** A defect of ours: a state that the code holds to be impossible. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
