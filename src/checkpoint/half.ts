/** Float32 to 16-bit floats, rounded to nearest, ties to even. */
import { assertFinite } from './finite.ts';

/**
 * The bits of a weight as float16 or bfloat16; values beyond their largest number become infinite.
 * Throws `UserError` `weights-not-finite`.
 */
export function encodeHalf(name: string, values: Float32Array, type: 'F16' | 'BF16'): Uint16Array {
  assertFinite(name, values);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const encode = type === 'F16' ? float16Bits : bfloat16Bits;
  const result = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) result[i] = encode(bits[i]!);
  return result;
}

/** bfloat16 is the upper half of a float32. */
function bfloat16Bits(bits: number): number {
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const mantissa = bits & 0x7fffff;
  if (exponent < -25) return sign;
  // Below 2⁻¹⁴ the exponent is fixed, and the leading one becomes part of a shorter mantissa.
  const dropped = exponent < -14 ? 13 + (-14 - exponent) : 13;
  const significand = exponent < -14 ? mantissa | 0x800000 : mantissa | ((exponent + 15) << 23);
  // A mantissa that rounds up to the next power of two carries into the exponent, which is what it should do.
  return sign | Math.min(0x7c00, shiftRounded(significand, dropped));
}

function shiftRounded(value: number, places: number): number {
  const floor = value >>> places;
  const rest = value - floor * 2 ** places;
  const half = 2 ** (places - 1);
  return rest > half || (rest === half && floor % 2 === 1) ? floor + 1 : floor;
}
