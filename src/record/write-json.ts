/** JSON on disk, whole or not at all. */
import { invariant } from '../errors/index.ts';
import { writeTextAtomically } from '../files/index.ts';

/**
 * Writes `value` as indented JSON.
 *
 * @throws InvariantError on a number that JSON cannot hold: it would be written as null, silently.
 * @throws UserError `cannot-write`.
 */
export function writeJsonAtomic(path: string, value: unknown): void {
  writeTextAtomically(path, `${JSON.stringify(value, finiteOnly, 1)}\n`);
}

function finiteOnly(key: string, value: unknown): unknown {
  invariant(
    typeof value !== 'number' || Number.isFinite(value),
    `"${key}" is ${value}, which JSON cannot hold`,
  );
  return value;
}
