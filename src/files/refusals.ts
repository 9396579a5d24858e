/** The operating system's refusals in plain words. */
import { UserError } from '../errors/index.ts';

/** The error for a file that can't be read: `file-not-found` or `file-not-readable`. */
export function readingError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new UserError(
      'file-not-found',
      { what: `There is no file ${path}.`, fix: 'check the path' },
      { cause: error },
    );
  }
  return new UserError(
    'file-not-readable',
    { what: `${path} cannot be read.`, ...explain(code) },
    { cause: error },
  );
}

/** The error for a path that can't be written: `cannot-write`. */
export function writingError(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  return new UserError(
    'cannot-write',
    { what: `${path} cannot be written.`, ...explain(code) },
    { cause: error },
  );
}

/** Why a path could not be written, if {@link writingError} made that error. */
export function refusalOf(error: unknown): string | undefined {
  const code = error instanceof UserError && error.code === 'cannot-write' ? codeOf(error.cause) : undefined;
  return code === undefined ? undefined : explain(code).got;
}

/** Runs `write`, and tells the operating system's refusal as {@link writingError} does. */
export function tellWriteErrors<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw writingError(path, error);
  }
}

/**
 * The error for a refusal that nothing else has told: `system-refused`. Undefined where `error` is none of the operating
 * system's, which makes it a defect.
 */
export function systemRefusal(error: unknown): UserError | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === 'uv_cwd') {
    return new UserError(
      'system-refused',
      { what: 'The working directory does not exist any more.', fix: 'go to a folder that exists' },
      { cause: error },
    );
  }
  const where = path === undefined ? '' : ` on ${path}`;
  return new UserError(
    'system-refused',
    { what: `The operating system refused ${syscall}${where}.`, ...explain(code) },
    { cause: error },
  );
}

interface Reason {
  readonly cause: string;
  readonly fix: string;
}

const RIGHTS: Reason = { cause: 'permission denied', fix: 'change the permissions or choose another place' };
const NOT_A_FOLDER: Reason = {
  cause: 'a part of the path is a file, not a folder',
  fix: 'choose another place',
};
const REASONS: Readonly<Record<string, Reason>> = {
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: { cause: 'the file system is read-only', fix: 'choose another place' },
  ENOSPC: { cause: 'no space left on the disk', fix: 'free some space or choose another place' },
  EDQUOT: { cause: 'the disk quota is used up', fix: 'free some space or choose another place' },
  ENOENT: { cause: 'no folder can be made there', fix: 'choose another place' },
  EISDIR: { cause: 'the path is a folder', fix: 'name a file' },
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
};

/** Cause and remedy of a refusal, in the words of an error's parts. */
function explain(code: string): { readonly got: string; readonly fix: string } {
  const reason = REASONS[code];
  if (reason === undefined) return { got: code, fix: 'check the place and its disk' };
  return { got: `${reason.cause} (${code})`, fix: reason.fix };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}
