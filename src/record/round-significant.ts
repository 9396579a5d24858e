/** `value` to `digits` significant decimal digits, so that long curves stay short on disk. */
export function roundSignificant(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
