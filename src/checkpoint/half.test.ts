import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { encodeHalf } from './half.ts';

describe('encodeHalf', () => {
  const F16_CASES = [
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -25, 0x0001],
    [-(2 ** -30), 0x8000],
    [0, 0],
  ] as const;

  it.each(F16_CASES)('float16 of %f', (value, bits) => {
    expect(encodeHalf('w', Float32Array.of(value), 'F16')[0]).toBe(bits);
  });

  it('rounds to the nearest bfloat16, ties to even', () => {
    const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 1.01 * 2 ** -8);
    expect([...encodeHalf('w', values, 'BF16')]).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81]);
  });

  it('stays within half a unit of float16 for random values', () => {
    const rng = createRng(3);
    const values = Float32Array.from({ length: 2000 }, () => rng.normal() * 10 ** (8 * rng.uniform() - 6));
    encodeHalf('w', values, 'F16').forEach((bits, i) => {
      const exponent = (bits >>> 10) & 31;
      const mantissa = bits & 1023;
      const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
      const unit = 2 ** (Math.max(exponent, 1) - 25);
      expect(Math.abs(size * (bits >= 0x8000 ? -1 : 1) - values[i]!)).toBeLessThanOrEqual(unit / 2);
    });
  });

  it('refuses what is not finite', () => {
    expect(() => encodeHalf('w', Float32Array.of(1, Number.NaN), 'F16')).toThrow(/w holds/);
  });
});
