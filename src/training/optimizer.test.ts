import { describe, expect, it } from 'vitest';
import { adamw, clipByGlobalNorm } from './index.ts';

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
