/**
 * Blocks of 32 elements. In all of 4 bits, 16 bytes hold two elements each: the low halves are elements 0–15, the high
 * halves 16–31. d and m are float16 at the beginning of a block.
 */
import type { BlockDecoder } from './dequantize.ts';
import { halfAt, int8At } from './half-table.ts';

/** The values that 4 bits of IQ4_NL and IQ4_XS stand for. */
export const IQ4_VALUES = [
  ...[-127, -104, -83, -65, -49, -35, -22, -10],
  ...[1, 13, 25, 38, 53, 69, 89, 113],
] as const;

/** Twice the values of the 4-bit floats of MXFP4 (two bits of exponent, one of fraction). */
const MXFP4_VALUES = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] as const;

/** value(q) of each of 32 elements of 4 bits, `at` the first of 16 bytes. */
function fourBits(
  bytes: Uint8Array,
  at: number,
  values: Float32Array,
  to: number,
  value: (q: number) => number,
): void {
  for (let j = 0; j < 16; j++) {
    const pair = bytes[at + j]!;
    values[to + j] = value(pair & 15);
    values[to + 16 + j] = value(pair >> 4);
  }
}

/** value(q) of each of 32 elements of 5 bits: the fifth of element j is bit j of four bytes, the others follow. */
function fiveBits(
  bytes: Uint8Array,
  at: number,
  values: Float32Array,
  to: number,
  value: (q: number) => number,
): void {
  const fifth = (j: number) => ((bytes[at + (j >> 3)]! >> (j & 7)) & 1) << 4;
  for (let j = 0; j < 16; j++) {
    const pair = bytes[at + 4 + j]!;
    values[to + j] = value((pair & 15) | fifth(j));
    values[to + 16 + j] = value((pair >> 4) | fifth(16 + j));
  }
}

export const BLOCK_DECODERS = {
  /** d·(q − 8), and not d·q − 8d, whose zero has another sign where d is negative. */
  Q4_0(bytes, at, values, to) {
    const d = halfAt(bytes, at);
    fourBits(bytes, at + 2, values, to, (q) => d * (q - 8));
  },
  /** d·q + m */
  Q4_1(bytes, at, values, to) {
    const [d, m] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
    fourBits(bytes, at + 4, values, to, (q) => d * q + m);
  },
  /** d·(q − 16) */
  Q5_0(bytes, at, values, to) {
    const d = halfAt(bytes, at);
    fiveBits(bytes, at + 2, values, to, (q) => d * (q - 16));
  },
  /** d·q + m */
  Q5_1(bytes, at, values, to) {
    const [d, m] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
    fiveBits(bytes, at + 4, values, to, (q) => d * q + m);
  },
  /** d·q of 32 signed bytes. */
  Q8_0(bytes, at, values, to) {
    const d = halfAt(bytes, at);
    for (let j = 0; j < 32; j++) values[to + j] = d * int8At(bytes, at + 2 + j);
  },
  /** d times one of 16 values. */
  IQ4_NL(bytes, at, values, to) {
    const d = halfAt(bytes, at);
    fourBits(bytes, at + 2, values, to, (q) => d * IQ4_VALUES[q]!);
  },
  /** 2^(e − 128) times one of 16 values, with e the first byte. */
  MXFP4(bytes, at, values, to) {
    const d = 2 ** (bytes[at]! - 128);
    fourBits(bytes, at + 1, values, to, (q) => d * MXFP4_VALUES[q]!);
  },
} as const satisfies Readonly<Record<string, BlockDecoder>>;
