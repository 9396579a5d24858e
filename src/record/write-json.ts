/** JSON on disk, whole or not at all. */
import { invariant } from '../errors/index.ts';
import { writeTextAtomically } from '../files/index.ts';

/**
 * Writes `value` as JSON, a line per top-level member: a large record indented throughout would double its size.
 *
 * @param floats members whose whole numbers are written with a point, for readers that tell floats from integers by it.
 * @throws InvariantError on a number that JSON cannot hold: it would be written as null, silently.
 * @throws UserError `cannot-write`.
 */
export function writeJsonAtomic(
  path: string,
  value: unknown,
  floats: ReadonlySet<string> = new Set<string>(),
): void {
  const text = (part: unknown) => JSON.stringify(part, finiteOnly);
  const point = (key: string, part: unknown) => (floats.has(key) && /^-?\d+$/.test(`${part}`) ? '.0' : '');
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const members = isObject
    ? Object.entries(value)
        .filter(([, part]) => part !== undefined)
        .map(([key, part]) => `${JSON.stringify(key)}: ${text(part)}${point(key, part)}`)
    : [];
  writeTextAtomically(path, members.length > 0 ? `{\n${members.join(',\n')}\n}\n` : `${text(value)}\n`);
}

function finiteOnly(key: string, value: unknown): unknown {
  invariant(
    typeof value !== 'number' || Number.isFinite(value),
    `"${key}" is ${value}, which JSON cannot hold`,
  );
  return value;
}
