import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { sampleToken } from './sample-token.ts';

/** Probabilities 0.1, 0.6, 0.3. */
const LOGITS = Float32Array.from([0.1, 0.6, 0.3], Math.log);

function shares(temperature: number, topP: number, draws = 20_000): number[] {
  const rng = createRng(1);
  const counts = [0, 0, 0];
  for (let i = 0; i < draws; i++) counts[sampleToken(LOGITS, { temperature, topP }, rng)]!++;
  return counts.map((count) => count / draws);
}

const close = (got: readonly number[], expected: readonly number[]) =>
  got.forEach((share, i) => {
    expect(Math.abs(share - expected[i]!)).toBeLessThan(0.015);
  });

describe('drawing a token', () => {
  it('follows the softmax', () => close(shares(1, 1), [0.1, 0.6, 0.3]));

  it('sharpens it at a low temperature', () => {
    // p² over its sum: 0.01, 0.36, 0.09.
    close(shares(0.5, 1), [0.01 / 0.46, 0.36 / 0.46, 0.09 / 0.46]);
  });

  it('leaves out what the likeliest tokens outweigh', () => {
    close(shares(1, 0.6), [0, 1, 0]);
    close(shares(1, 0.61), [0, 2 / 3, 1 / 3]);
    close(shares(1, 0), [0, 1, 0]);
  });

  it('never draws what cannot be', () => {
    const rng = createRng(2);
    const logits = Float32Array.of(
      Number.NEGATIVE_INFINITY,
      1,
      Number.NEGATIVE_INFINITY,
      2,
      Number.NEGATIVE_INFINITY,
    );
    const drawn = new Set(
      Array.from({ length: 1000 }, () => sampleToken(logits, { temperature: 1, topP: 1 }, rng)),
    );
    expect([...drawn].sort()).toEqual([1, 3]);
    // Where the draw falls beyond what rounding left of the sum.
    const last = { ...rng, uniform: () => 1 } as typeof rng;
    expect(sampleToken(logits, { temperature: 1, topP: 1 }, last)).toBe(1);
  });

  it('takes the likeliest at temperature 0, and draws nothing for it', () => {
    const rng = createRng(1);
    const before = rng.state();
    expect(sampleToken(LOGITS, { temperature: 0, topP: 1 }, rng)).toBe(1);
    expect(rng.state()).toEqual(before);
  });
});
