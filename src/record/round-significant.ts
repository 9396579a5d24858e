/** `value` to `digits` significant decimal digits, so that long curves stay short on disk. */
export function roundSignificant(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** A record's part with every number rounded to `digits` significant digits: what a measurement can tell, no more. */
export function roundNumbers<T>(value: T, digits: number): T {
  if (typeof value === 'number') return roundSignificant(value, digits) as T;
  if (Array.isArray(value)) return value.map((one) => roundNumbers(one, digits)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, Number.isInteger(one) ? one : roundNumbers(one, digits)]),
  ) as T;
}
