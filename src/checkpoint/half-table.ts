/** Every float16 as float32, by its bits. */
export const HALF: Float32Array = makeHalfTable();

/** The float16 that begins at a byte. */
export const halfAt = (bytes: Uint8Array, at: number): number => HALF[bytes[at]! | (bytes[at + 1]! << 8)]!;

/** The signed byte at a place. */
export const int8At = (bytes: Uint8Array, at: number): number => (bytes[at]! << 24) >> 24;

function makeHalfTable(): Float32Array {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return table;
}
