import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decode } from './dequantize.ts';

const source = (dtype: string) => ({ name: 'w', dtype, path: 'file' });
const bytesOf = (...halves: number[]) => new Uint8Array(Uint16Array.from(halves).buffer);

it('decodes float16: normal, subnormal, largest, negative zero, infinite, not a number', () => {
  const halves = bytesOf(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x8000, 0xfc00, 0x7e00, 0x3555);
  expect([...decode(source('F16'), halves)]).toEqual([
    ...[1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, -0, Number.NEGATIVE_INFINITY, Number.NaN],
    0x555 * 2 ** -12,
  ]);
});

it('decodes bfloat16 as the upper half of float32', () => {
  const halves = bytesOf(0x3f80, 0xc049, 0x0080, 0x7f80);
  expect([...decode(source('BF16'), halves)]).toEqual([1, -3.140625, 2 ** -126, Number.POSITIVE_INFINITY]);
});

it('decodes F32 from an unaligned view', () => {
  const bytes = new Uint8Array(9);
  bytes.set(new Uint8Array(Float32Array.of(1.5, -2.25).buffer), 1);
  expect([...decode(source('F32'), bytes.subarray(1))]).toEqual([1.5, -2.25]);
});

it('decodes Q8_0: scale times signed byte', () => {
  const block = (scale: number, first: number) => [
    ...bytesOf(scale),
    ...Array.from({ length: 32 }, (_, j) => (first + j) & 255),
  ];
  const values = decode(source('Q8_0'), Uint8Array.from([...block(0x3800, -16), ...block(0xc000, -128)]));
  const expected = Array.from({ length: 32 }, (_, j) => 0.5 * (j - 16));
  expect([...values]).toEqual([...expected, ...Array.from({ length: 32 }, (_, j) => -2 * (j - 128))]);
});

/** Element j of the block holds j mod 16, both halves of the bytes differing. */
const nibbles = Array.from({ length: 16 }, (_, j) => j | ((15 - j) << 4));
const quants = [...Array.from({ length: 16 }, (_, j) => j), ...Array.from({ length: 16 }, (_, j) => 15 - j)];

it('decodes Q4_0: low halves first, minus 8', () => {
  const values = decode(source('Q4_0'), Uint8Array.from([...bytesOf(0x3400), ...nibbles]));
  expect([...values]).toEqual(quants.map((q) => 0.25 * (q - 8)));
});

it('decodes Q4_1: scale and minimum', () => {
  const values = decode(source('Q4_1'), Uint8Array.from([...bytesOf(0x4000, 0xc200), ...nibbles]));
  expect([...values]).toEqual(quants.map((q) => 2 * q - 3));
});

const TYPES: Record<string, { blocks: string; sha256: string }> = JSON.parse(
  readFileSync(new URL('../../test/reference/ggufs/block-types.json', import.meta.url), 'utf8'),
);

it.each(Object.entries(TYPES))(
  'decodes %s as the gguf package does, bit for bit',
  (type, { blocks, sha256 }) => {
    // At an odd place, as in a file.
    const bytes = Buffer.concat([Buffer.alloc(1), Buffer.from(blocks, 'base64')]).subarray(1);
    const values = decode(source(type), bytes);
    expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')).toBe(sha256);
  },
);

it('names what it cannot decode', () => {
  expect(() => decode(source('IQ2_S'), new Uint8Array(82))).toThrow(/Weight w of file.*IQ2_S.*Q4_1/s);
});
