/** Text of a record on its way to a person: a record may come from elsewhere, and a name may hold anything. */
import { escapeUnprintable } from '../errors/index.ts';

/** A record whose texts print as they are on one line: control characters and turned writing are written out. */
export function printable<T>(value: T): T {
  if (typeof value === 'string') return escapeUnprintable(value) as T;
  if (Array.isArray(value)) {
    // Curves and spectra are most of a record.
    return typeof value[0] === 'number' ? value : (value.map(printable) as T);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [escapeUnprintable(key), printable(part)]),
  ) as T;
}
