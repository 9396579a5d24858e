import { describe, expect, it } from 'vitest';
import { createRng } from '../../numeric/index.ts';
import type { Batch } from '../../text/index.ts';
import { FIRST_STEP_BATCHES, measureFirstStep } from './first-step.ts';

const batches: Batch[] = Array.from({ length: FIRST_STEP_BATCHES }, () => ({
  tokens: new Int32Array(),
  lossMask: new Uint8Array(),
  sequences: 1,
  seqLen: 1,
}));

/** Gradients of ½ θᵀH θ − gᵀθ, and of what a batch adds to g. */
function quadratic(
  trained: Record<string, Float32Array>,
  hessian: readonly (readonly number[])[],
  slope: (batch: number) => readonly number[],
) {
  const names = Object.keys(trained);
  return async (batch: Batch) => {
    const flat = names.flatMap((name) => [...trained[name]!]);
    const g = slope(batches.indexOf(batch));
    const all = hessian.map((row, i) => row.reduce((sum, h, j) => sum + h * flat[j]!, 0) - g[i]!);
    let at = 0;
    const gradients = Object.fromEntries(
      names.map((name) => {
        const { length } = trained[name]!;
        at += length;
        return [name, Float32Array.from(all.slice(at - length, at))];
      }),
    );
    return { loss: 0, gradients };
  };
}

describe('the first step', () => {
  it('is the best along the signs, layer by layer, with what other layers add to the curvature', async () => {
    const trained = { 'a/m': new Float32Array(2), 'b/m': new Float32Array(1), 'c/m': new Float32Array(1) };
    const hessian = [
      [4, 1, 0.5, 0],
      [1, 3, 0, 0],
      [0.5, 0, 2, 0],
      [0, 0, 0, 50],
    ];
    const first = await measureFirstStep(
      trained,
      batches,
      quadratic(trained, hessian, () => [2, -1, 3, 1]),
    );
    // s = −(1, −1, 1, 1): by layers ⟨s, g⟩ is 3, 3, 1; ⟨s, H s⟩ is (4 − 1 + 0.5) + (−1 + 3), 0.5 + 2, 50.
    expect(first.step!).toBeCloseTo(1 / (5.5 / 3), 4);
    expect(first).toMatchObject({ parameters: 4, waiting: null, passes: 8 });
    expect(first.agreement).toBeCloseTo(1, 6);
    expect(Object.values(trained).every((values) => values.every((value) => value === 0))).toBe(true);
  });

  it('knows the scale of what waits for others to move', async () => {
    const trained = { 'a/p': Float32Array.of(3, -4), 'a/q': new Float32Array(1) };
    const hessian = [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 2],
    ];
    const first = await measureFirstStep(
      trained,
      batches,
      quadratic(trained, hessian, () => [0, 0, 1]),
    );
    expect(first.waiting!).toBeCloseTo(Math.sqrt(12.5), 6);
    expect(first.step!).toBeCloseTo(0.5, 5);
    expect([...trained['a/p']]).toEqual([3, -4]);
  });

  it('has no step where the loss is not convex, and no agreement where batches are noise', async () => {
    const trained = { 'a/m': new Float32Array(400) };
    const rng = createRng(1);
    const noise = batches.map(() => Array.from({ length: 400 }, () => rng.normal()));
    const hessian = noise[0]!.map((_, i) => noise[0]!.map((_, j) => (i === j ? -1 : 0)));
    const first = await measureFirstStep(
      trained,
      batches,
      quadratic(trained, hessian, (i) => noise[i]!),
    );
    expect(Math.abs(first.agreement)).toBeLessThan(0.15);
    const same = await measureFirstStep(
      trained,
      batches,
      quadratic(trained, hessian, () => noise[0]!),
    );
    expect(same).toMatchObject({ step: null, agreement: expect.closeTo(1, 6) });
  });
});
