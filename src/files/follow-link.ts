/** Links where something is to be written. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { UserError } from '../errors/index.ts';

/** The place behind a link; any other path as it is. Throws {@link UserError} `cannot-write` where a link leads nowhere. */
export function followLink(path: string): string {
  try {
    if (!lstatSync(path).isSymbolicLink()) return path;
  } catch {
    // Nothing there, or nothing that may be looked at: writing will tell.
    return path;
  }
  try {
    return realpathSync(path);
  } catch (error) {
    throw new UserError(
      'cannot-write',
      {
        what: `${path} is a link that leads nowhere.`,
        got: `a link to ${readlinkSync(path)}`,
        expected: 'a link to a folder that exists, or no link',
        fix: 'make the folder, or remove the link',
      },
      { cause: error },
    );
  }
}
