/**
 * Room `errors`: the one error that a person is meant to read.
 *
 * Every mistake that comes from outside (a file, a flag, a text) is raised as a {@link UserError}; the
 * command line prints it without a stack trace and exits with code 2. Anything else that is thrown is a
 * defect of ours.
 */

/** The parts of a message: what went wrong, what was found, what was expected, what to do about it. */
export interface ErrorParts {
  readonly what: string;
  readonly got?: string;
  readonly expected?: string;
  readonly fix?: string;
}

/** A mistake outside this program, told so that it can be mended: what, got, expected, what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Stable, kebab-case, for programs: `file-not-found`, `weights-not-finite`, … */
  readonly code: string;

  constructor(code: string, parts: ErrorParts, options?: ErrorOptions) {
    const lines = [
      parts.what,
      parts.got === undefined ? undefined : `  got:      ${parts.got}`,
      parts.expected === undefined ? undefined : `  expected: ${parts.expected}`,
      parts.fix === undefined ? undefined : `  to do:    ${parts.fix}`,
    ];
    super(lines.filter((line) => line !== undefined).join('\n'), options);
    this.code = code;
  }
}

/** A defect of ours: a state that the code holds to be impossible. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
