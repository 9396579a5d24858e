/** Blocks of 256 elements with scales for 16 or 32 of them: ggml's K types, IQ4_XS, and the ternary ones. */
import type { BlockDecoder } from './dequantize.ts';
import { IQ4_VALUES } from './dequantize-blocks.ts';
import { halfAt, int8At } from './half-table.ts';

/**
 * Calls `value` for 256 elements of 2 bits in the 64 bytes from `at`: each run of 32 bytes holds 4 × 32 elements, the
 * lowest bits first.
 */
function twoBits(
  bytes: Uint8Array,
  at: number,
  value: (q: number, element: number, byte: number) => void,
): void {
  for (let element = 0; element < 256; element++) {
    const byte = 32 * (element >> 7) + (element & 31);
    value((bytes[at + byte]! >> (2 * ((element >> 5) & 3))) & 3, element, byte);
  }
}

/** Scale and minimum of the 32 elements `group` in the twelve bytes of Q4_K and Q5_K: six bits each. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): readonly [number, number] {
  const low = bytes[at + (group & 3)]!;
  const middle = bytes[at + 4 + (group & 3)]!;
  if (group < 4) return [low & 63, middle & 63];
  const high = bytes[at + 8 + (group & 3)]!;
  return [(high & 15) | ((low >> 2) & 48), (high >> 4) | ((middle >> 2) & 48)];
}

/** Scales of Q3_K in twelve bytes: eight bytes of low halves, four of high bits; less 32. */
function q3Scale(bytes: Uint8Array, at: number, group: number): number {
  const low = (bytes[at + (group & 7)]! >> (group < 8 ? 0 : 4)) & 15;
  const high = (bytes[at + 8 + (group & 3)]! >> (2 * (group >> 2))) & 3;
  return (low | (high << 4)) - 32;
}

/** d·s·q − dmin·m for Q4_K and Q5_K: 32 bytes of low halves, then the high halves, for every 64 elements. */
function withMinimum(
  bytes: Uint8Array,
  at: number,
  values: Float32Array,
  to: number,
  quants: number,
  fifth: (element: number) => number,
): void {
  const [d, dmin] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
  for (let group = 0; group < 8; group++) {
    const [scale, minimum] = scaleAndMinimum(bytes, at + 4, group);
    const [step, offset] = [d * scale, dmin * minimum];
    for (let j = 0; j < 32; j++) {
      const pair = bytes[quants + 32 * (group >> 1) + j]!;
      const q = (group % 2 === 0 ? pair & 15 : pair >> 4) | fifth(32 * group + j);
      values[to + 32 * group + j] = step * q - offset;
    }
  }
}

/** The k-th digit to the base 3 of a byte that holds digits as a fraction, less 1. */
const ternary = (byte: number, k: number): number => ((((byte * 3 ** k) & 255) * 3) >> 8) - 1;

export const SUPER_BLOCK_DECODERS = {
  /** 16 bytes of scale and minimum (4 bits each) for 16 elements, 64 bytes of 2 bits, d, dmin. */
  Q2_K(bytes, at, values, to) {
    const [d, dmin] = [halfAt(bytes, at + 80), halfAt(bytes, at + 82)];
    twoBits(bytes, at + 16, (q, element) => {
      const scale = bytes[at + (element >> 4)]!;
      values[to + element] = d * (scale & 15) * q - dmin * (scale >> 4);
    });
  },
  /** 32 bytes of third bits, 64 bytes of 2 bits, twelve of scales, d. The third bit says that 4 is not taken off. */
  Q3_K(bytes, at, values, to) {
    const d = halfAt(bytes, at + 108);
    twoBits(bytes, at + 32, (q, element) => {
      const third = (bytes[at + (element & 31)]! >> (element >> 5)) & 1;
      values[to + element] = d * q3Scale(bytes, at + 96, element >> 4) * (q - (third === 1 ? 0 : 4));
    });
  },
  /** d, dmin, twelve bytes of scales and minima, 128 bytes of 4 bits. */
  Q4_K(bytes, at, values, to) {
    withMinimum(bytes, at, values, to, at + 16, () => 0);
  },
  /** As Q4_K, with 32 bytes of fifth bits before the others. */
  Q5_K(bytes, at, values, to) {
    const fifth = (element: number) => ((bytes[at + 16 + (element & 31)]! >> (element >> 5)) & 1) << 4;
    withMinimum(bytes, at, values, to, at + 48, fifth);
  },
  /** 128 bytes of low halves, 64 of upper pairs of bits, 16 signed scales, d: d·s·(q − 32). */
  Q6_K(bytes, at, values, to) {
    const d = halfAt(bytes, at + 208);
    twoBits(bytes, at + 128, (high, element) => {
      const pair = bytes[at + 64 * (element >> 7) + (element & 63)]!;
      const low = element % 128 < 64 ? pair & 15 : pair >> 4;
      values[to + element] = d * int8At(bytes, at + 192 + (element >> 4)) * ((low | (high << 4)) - 32);
    });
  },
  /** d as float32, 256 signed bytes, and sums that nothing needs. */
  Q8_K(bytes, at, values, to) {
    const d = new DataView(bytes.buffer, bytes.byteOffset + at).getFloat32(0, true);
    for (let j = 0; j < 256; j++) values[to + j] = d * int8At(bytes, at + 4 + j);
  },
  /** d, two bytes of upper and four of lower bits of scales for 32 elements, 8 × 16 bytes of 4 bits. */
  IQ4_XS(bytes, at, values, to) {
    const d = halfAt(bytes, at);
    const upper = bytes[at + 2]! | (bytes[at + 3]! << 8);
    for (let group = 0; group < 8; group++) {
      const low = (bytes[at + 4 + (group >> 1)]! >> (4 * (group % 2))) & 15;
      const step = d * ((low | (((upper >> (2 * group)) & 3) << 4)) - 32);
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 8 + 16 * group + j]!;
        values[to + 32 * group + j] = step * IQ4_VALUES[pair & 15]!;
        values[to + 32 * group + 16 + j] = step * IQ4_VALUES[pair >> 4]!;
      }
    }
  },
  /** Five digits to a byte: 32 bytes, then 16, then four digits in each of 4 bytes; d. */
  TQ1_0(bytes, at, values, to) {
    const d = halfAt(bytes, at + 52);
    for (const [first, from, width, digits] of [
      [0, 0, 32, 5],
      [160, 32, 16, 5],
      [240, 48, 4, 4],
    ] as const) {
      for (let k = 0; k < digits; k++) {
        for (let j = 0; j < width; j++)
          values[to + first + k * width + j] = d * ternary(bytes[at + from + j]!, k);
      }
    }
  },
  /** 64 bytes of 2 bits, d: d·(q − 1). */
  TQ2_0(bytes, at, values, to) {
    const d = halfAt(bytes, at + 64);
    twoBits(bytes, at, (q, element) => {
      values[to + element] = d * (q - 1);
    });
  },
} as const satisfies Readonly<Record<string, BlockDecoder>>;
