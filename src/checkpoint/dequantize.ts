/**
 * Stored bytes to float32. Block layouts: llama.cpp, ggml/src/ggml-common.h (`block_q4_0`, `block_q4_1`,
 * `block_q8_0`) and ggml-quants.c (`dequantize_row_*`). All results are exact or rounded once.
 */
import { invariant } from '../errors/index.ts';
import { storedTypeOf, type WeightSource } from './weight-source.ts';

/** Every float16 as float32, by its bits. */
const HALF = makeHalfTable();

/**
 * Decodes whole blocks of a weight, in the order in which they are stored.
 * Throws `UserError` `weight-type-unsupported`.
 */
export function decode(
  source: Pick<WeightSource, 'name' | 'dtype' | 'path'>,
  bytes: Uint8Array,
): Float32Array {
  const type = storedTypeOf(source.name, source.dtype, source.path);
  invariant(bytes.length % type.bytes === 0, `${source.name}: ${bytes.length} bytes are not whole blocks`);
  const values = new Float32Array((bytes.length / type.bytes) * type.elements);
  switch (source.dtype) {
    case 'F32':
      new Uint8Array(values.buffer).set(bytes);
      break;
    case 'F16':
      decodeF16(bytes, values);
      break;
    case 'BF16':
      decodeBf16(bytes, values);
      break;
    case 'Q8_0':
      decodeQ8(bytes, values);
      break;
    case 'Q4_0':
      decodeQ4(bytes, values, 18, false);
      break;
    case 'Q4_1':
      decodeQ4(bytes, values, 20, true);
      break;
  }
  return values;
}

function decodeF16(bytes: Uint8Array, values: Float32Array): void {
  for (let i = 0, at = 0; i < values.length; i++, at += 2)
    values[i] = HALF[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

/** A bfloat16 is the upper half of a float32. */
function decodeBf16(bytes: Uint8Array, values: Float32Array): void {
  const bits = new Uint32Array(values.buffer);
  for (let i = 0, at = 0; i < bits.length; i++, at += 2)
    bits[i] = (bytes[at]! << 16) | (bytes[at + 1]! << 24);
}

/** Block: scale d (float16), 32 int8 q; value = d·q. */
function decodeQ8(bytes: Uint8Array, values: Float32Array): void {
  for (let i = 0, at = 0; i < values.length; i += 32, at += 34) {
    const scale = HALF[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 32; j++) values[i + j] = scale * ((bytes[at + 2 + j]! << 24) >> 24);
  }
}

/**
 * Block: scale d (float16), for Q4_1 also a minimum m (float16), then 16 bytes: the low halves are elements
 * 0–15, the high halves 16–31. Q4_0: value = d·(q − 8); Q4_1: value = d·q + m.
 */
function decodeQ4(bytes: Uint8Array, values: Float32Array, blockBytes: number, hasMinimum: boolean): void {
  const head = blockBytes - 16;
  for (let i = 0, at = 0; i < values.length; i += 32, at += blockBytes) {
    const scale = HALF[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const minimum = hasMinimum ? HALF[bytes[at + 2]! | (bytes[at + 3]! << 8)]! : undefined;
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + head + j]!;
      const [low, high] = [pair & 15, pair >> 4];
      // Not d·q − 8d, whose zero has another sign where d is negative.
      values[i + j] = minimum === undefined ? scale * (low - 8) : scale * low + minimum;
      values[i + 16 + j] = minimum === undefined ? scale * (high - 8) : scale * high + minimum;
    }
  }
}

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
