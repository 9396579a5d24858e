import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { adamw, clipByGlobalNorm, encodeHalf, warmupCosine } from './index.ts';

describe('adamw', () => {
  it('moves by the learning rate at the first step, and shrinks only what decays', () => {
    const optimizer = adamw({ weightDecay: 0.5, decayed: new Set(['matrix']), epsilon: 0 });
    const parameters = { matrix: Float32Array.of(2), vector: Float32Array.of(2) };
    const state = optimizer.init(parameters);
    optimizer.update(parameters, { matrix: Float32Array.of(3), vector: Float32Array.of(-3) }, state, 0.1);
    // m / √v = ±1 after the bias corrections, whatever the gradient.
    expect(parameters.matrix[0]).toBeCloseTo(2 * (1 - 0.1 * 0.5) - 0.1, 6);
    expect(parameters.vector[0]).toBeCloseTo(2 + 0.1, 6);
    expect(state.step).toBe(1);
  });
});

describe('clipByGlobalNorm', () => {
  it('scales all gradients by one factor when their common norm is above the limit', () => {
    const gradients = { a: Float32Array.of(3, 0), b: Float32Array.of(4) };
    expect(clipByGlobalNorm(gradients, 1)).toBe(5);
    expect(gradients.a[0]).toBeCloseTo(3 / 5, 6);
    expect(gradients.b[0]).toBeCloseTo(4 / 5, 6);
  });

  it('leaves gradients below the limit alone, and tells of NaN', () => {
    const gradients = { a: Float32Array.of(3, 4) };
    expect(clipByGlobalNorm(gradients, 6)).toBe(5);
    expect([...gradients.a]).toEqual([3, 4]);
    expect(clipByGlobalNorm({ a: Float32Array.of(Number.NaN) }, 1)).toBeNaN();
  });
});

describe('warmupCosine', () => {
  const options = { steps: 110, warmup: 10, peak: 1, floor: 0.1 };

  it.each([
    [1, 0.1],
    [10, 1],
    [60, 0.55],
    [110, 0.1],
    [200, 0.1],
  ])('step %i: %f', (step, rate) => {
    expect(warmupCosine(step, options)).toBeCloseTo(rate, 12);
  });

  it('begins just below the peak without warm-up', () => {
    const rate = warmupCosine(1, { ...options, warmup: 0 });
    expect(rate).toBeGreaterThan(0.999);
    expect(rate).toBeLessThan(1);
  });
});

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
