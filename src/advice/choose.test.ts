import { describe, expect, it } from 'vitest';
import type { NaturalCurves } from '../coverage/index.ts';
import type { LinearLayer } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { allocate } from './allocate.ts';
import { chooseBudget, coreParameters, largestRank } from './budget.ts';
import { choose } from './choose.ts';

const layers = ['a', 'b', 'c'].map((name) => ({ name, inFeatures: 8, outFeatures: 8 }) as LinearLayer);

/** ν that grows by these pieces; its replicates are off by these factors. */
function curves(
  pieces: readonly number[],
  factors: readonly number[] = [0.98, 1, 1.01, 1.01],
): NaturalCurves {
  let sum = 0;
  const heldOut = Float64Array.from(pieces, (piece) => (sum += piece));
  const replicates = factors.map((factor) => heldOut.map((value) => value * factor));
  return { inSample: heldOut, heldOut, permutedInSample: heldOut, permutedHeldOut: heldOut, replicates };
}

const ranks = (of: (rank: number) => number) => Array.from({ length: 8 }, (_, i) => of(i + 1));
const all = (one: () => NaturalCurves) => new Map(layers.map(({ name }) => [name, one()]));
const good = () => curves(ranks((k) => 1 / k));
const noise = () =>
  curves(
    ranks(() => 0.001),
    [-30, 20, -10, 24],
  );

describe('budgets', () => {
  it('are those of LoRA of rank 8 unless one is asked for', () => {
    const wide = layers.map((layer) => ({ ...layer, inFeatures: 64, outFeatures: 64 }));
    expect(chooseBudget(wide, {}).parameters).toBe(3 * 8 * 128);
    expect(chooseBudget(layers, { matchLoraRank: 1 }).parameters).toBe(3 * 16);
    expect(chooseBudget(layers, { maxAdapterMb: 0.0001 }).parameters).toBe(25);
    expect(largestRank(layers, coreParameters, 48)).toBe(4);
    expect(largestRank(layers, coreParameters, 47)).toBe(3);
  });

  it('below the smallest plan, above full fine-tuning, or two at once are refused', () => {
    const code = (options: object) => {
      try {
        return chooseBudget(layers, options).parameters;
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(code({ maxParams: 2 })).toBe('budget-too-small');
    expect(code({ maxParams: 3 })).toBe(3);
    expect(code({ maxParams: 193 })).toBe('budget-too-large');
    expect(code({ maxParams: 10, matchLoraRank: 1 })).toBe('options-conflict');
  });
});

describe('an allocation', () => {
  it('is within its gap of the best there is', () => {
    const rng = createRng(5);
    for (let trial = 0; trial < 20; trial++) {
      const given = new Map(layers.map(({ name }) => [name, curves(ranks(() => rng.uniform() - 0.2))]));
      const budget = 3 + Math.floor(60 * rng.uniform());
      const found = allocate(given, budget);
      let best = 0;
      for (let code = 0; code < 729; code++) {
        const chosen = [code % 9, Math.floor(code / 9) % 9, Math.floor(code / 81)];
        if (chosen.reduce((sum, k) => sum + k * k, 0) > budget) continue;
        const value = [...given.values()].reduce(
          (sum, { heldOut }, i) => sum + (chosen[i] === 0 ? 0 : heldOut[chosen[i]! - 1]!),
          0,
        );
        best = Math.max(best, value);
      }
      expect(found.parameters).toBeLessThanOrEqual(budget);
      expect(found.natural).toBeLessThanOrEqual(best + 1e-12);
      expect(found.natural + found.gap).toBeGreaterThanOrEqual(best - 1e-12);
    }
  });
});

describe('a choice', () => {
  const bases = (natural: () => NaturalCurves, svd: () => NaturalCurves, random: () => NaturalCurves) =>
    new Map([
      ['natural', all(natural)],
      ['svd', all(svd)],
      ['random', all(random)],
    ]);
  const half = () =>
    curves(
      ranks((k) => 0.5 / k),
      [0.99, 1.02, 1, 0.99],
    );

  it('is one rank in the frames of the most ν, the others behind with intervals', () => {
    const { plan, verdict, runnersUp, next, stability } = choose(bases(good, half, half), layers, 48);
    expect(plan).toMatchObject({ basis: 'natural', rank: 4, parameters: 48 });
    expect(verdict).toBe('clear');
    expect(runnersUp).toHaveLength(2);
    expect(runnersUp[0]!.behind.mean).toBeCloseTo(0.0442 * Math.LN2, 6);
    expect(runnersUp[0]!.behind.low).toBeGreaterThan(0);
    expect(next).toMatchObject({ rank: 5, parameters: 75 });
    expect(stability).toEqual({ replicates: 4, same: 4 });
  });

  it('is called tied where the next frames may be as good, and random where random ones may', () => {
    const close = () =>
      curves(
        ranks((k) => 0.99 / k),
        [1.02, 0.97, 1.03, 0.98],
      );
    expect(choose(bases(good, close, half), layers, 48).verdict).toBe('tied');
    expect(choose(bases(good, half, close), layers, 48).verdict).toBe('random');
  });

  it('gives a layer that alone has signal the whole budget', () => {
    const only = new Map(
      ['natural', 'random'].map((basis) => [
        basis,
        new Map(layers.map(({ name }) => [name, name === 'b' && basis === 'natural' ? good() : noise()])),
      ]),
    );
    const { plan, kept, notes } = choose(only, layers, 48);
    expect(kept).toEqual(['b']);
    expect(plan).toMatchObject({ basis: 'natural', rank: 6, parameters: 36 });
    expect(notes[0]).toMatch(/2 of 3 layers/);
  });

  it('is refused where all is noise', () => {
    expect(() => choose(bases(noise, noise, noise), layers, 48)).toThrow(
      expect.objectContaining({ code: 'no-signal' }),
    );
  });
});
