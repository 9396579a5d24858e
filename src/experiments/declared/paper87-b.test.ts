import { describe, expect, it } from 'vitest';
import { coverageWorld, exercise, verdicts, wobble } from '../made-up/coverage-world.ts';
import { type World, worldResults } from '../made-up/world.ts';
import type { TrainTrial } from '../trial.ts';
import { paper87B } from './paper87-b.ts';

const FACTOR: Partial<Record<string, number>> = { svd: 1, random: 0.7, gradient: 3, natural: 1.5 };

const coverageOf = (basis: string | null, rank: number): number =>
  0.002 * rank ** 0.9 * (FACTOR[basis!] ?? 1);

/** A world with a loss for every arm, best at the middle learning rate. */
const world = (loss: (trial: TrainTrial) => number, noise = 0.002): World => ({
  ...coverageWorld(({ basis, rank, seed }) => coverageOf(basis, rank) * (1 + 0.003 * wobble(seed))),
  loss: (trial) =>
    loss(trial) +
    Math.abs(Math.log(trial.learningRate / 0.01)) +
    noise * wobble(trial.seed * 3 + trial.rank + trial.basis!.length),
});

/** Coverage decides. */
const decided = world(({ basis, rank }) => 7 - 5 * coverageOf(basis, rank));
/** K decides, and coverage has no part in it. */
const confounded = world(({ rank }) => 7 - 0.02 * rank);
/** At one K, more coverage is worse. */
const reversed = world(({ basis, rank }) => 7 - 0.02 * rank + (FACTOR[basis!] ?? 1) * 0.1);

describe('paper87-b', () => {
  it('confirms where coverage decides', () => {
    expect(verdicts(paper87B, worldResults(decided))).toEqual({
      correlation: 'confirmed',
      'beyond-k': 'confirmed',
      'fixed-k-largest': 'confirmed',
      'fixed-k-quarter': 'confirmed',
      learns: 'confirmed',
    });
  });

  it('is not taken in where K decides: the correlation is as high, but not beyond K', () => {
    const found = verdicts(paper87B, worldResults(confounded));
    expect(found.correlation).toBe('confirmed');
    expect(found['beyond-k']).toBe('refuted');
    expect(found['fixed-k-largest']).not.toBe('confirmed');
  });

  it('refutes where coverage harms at one K', () => {
    expect(verdicts(paper87B, worldResults(reversed))).toMatchObject({
      correlation: 'confirmed',
      'fixed-k-largest': 'refuted',
      'fixed-k-quarter': 'refuted',
    });
  });

  it('computes both correlations of the source’s own table', () => {
    const source = paper87B.tables(worldResults(decided))[1]!.source!.rows[0]!;
    expect(source[1]).toBeCloseTo(-0.9963, 4);
    expect(source[2]).toBeCloseTo(-0.9943, 4);
  });

  it('goes through at every scale', () => {
    expect(exercise(paper87B, decided)).toEqual({ full: [], quick: [] });
  });
});
