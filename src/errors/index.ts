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

/** What the reader calls an option of the library: itself, or as a flag. */
export type SayOption = (name: string) => string;

/** Bytes that a part of a message, and a list of lines, may have: with four parts a message stays under 2 kB. */
const PART_LIMIT = 420;
const LINES_LIMIT = 560;

/**
 * A mistake outside this program, told so that it can be mended: what, got, expected, what to do. Every part is cut to a
 * length that can be read, and characters that would not print are written out. A message that names options is given as
 * a function of what the reader calls them: the library says `seqLen`, the command line tells it again with `--seq-len`.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Stable, kebab-case, for programs: `file-not-found`, `weights-not-finite`, … */
  readonly code: string;
  readonly #parts: ErrorParts | ((option: SayOption) => ErrorParts);

  constructor(
    code: string,
    parts: ErrorParts | ((option: SayOption) => ErrorParts),
    options?: ErrorOptions,
    say: SayOption = (name) => name,
  ) {
    super(tellParts(typeof parts === 'function' ? parts(say) : parts), options);
    this.code = code;
    this.#parts = parts;
  }

  /** The same error, its options called otherwise. */
  saidWith(say: SayOption): UserError {
    if (typeof this.#parts !== 'function') return this;
    return new UserError(this.code, this.#parts, { cause: this.cause }, say);
  }
}

function tellParts(parts: ErrorParts): string {
  return [
    oneLine(parts.what, PART_LIMIT),
    ...tell('  got:      ', parts.got),
    ...tell('  expected: ', parts.expected),
    ...tell('  to do:    ', parts.fix),
  ].join('\n');
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
