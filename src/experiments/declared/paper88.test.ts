import { describe, expect, it } from 'vitest';
import { NO_RESULTS, verdicts } from '../made-up/coverage-world.ts';
import { jitter, madeUpResults } from '../made-up/run-world.ts';
import { paper88Direction } from './paper88-direction.ts';
import { countRises, paper88Monotone } from './paper88-monotone.ts';

describe('paper88-direction', () => {
  const verdict = (name: string, results = threshold) => verdicts(paper88Direction, results)[name];
  /** The source's hypothesis: nothing at K ≤ 16, steady from 32 on; the full gradient is steady at every K. */
  const threshold = madeUpResults({
    cosine: ({ rank, seed }, kind) =>
      (rank <= 16 && kind.startsWith('projected') ? 0.02 : 0.8) + jitter(seed),
  });
  /** Direction does not know of K. */
  const flat = madeUpResults({ cosine: ({ rank, seed }) => 0.3 + jitter(seed + 10 * rank) });
  /** As much more at every doubling, and projected gradients steadier than full ones. */
  const smooth = madeUpResults({
    cosine: ({ rank, seed }, kind) =>
      (kind.startsWith('projected') ? 0.1 * Math.log2(rank) : 0.1) + jitter(seed + 10 * rank),
  });

  it.each([
    'lower-at-quarter',
    'lower-at-quarter-fixed',
    'random-at-quarter',
    'stable-at-half',
    'threshold',
    'by-coverage',
    'projection',
  ])('confirms %s where a threshold exists', (name) => {
    expect(verdict(name)).toBe('confirmed');
  });

  it('refutes random and steady directions where K changes nothing, and finds no order', () => {
    expect(verdict('random-at-quarter', flat)).toBe('refuted');
    expect(verdict('stable-at-half', flat)).toBe('refuted');
    expect(verdict('lower-at-quarter', flat)).toBe('inconclusive');
  });

  it('tells a smooth rise from a threshold', () => {
    expect(verdict('lower-at-quarter', smooth)).toBe('confirmed');
    expect(verdict('threshold', smooth)).toBe('inconclusive');
    expect(verdict('projection', smooth)).toBe('refuted');
  });

  it('refutes an order that is the other way round', () => {
    const reversed = madeUpResults({ cosine: ({ rank, seed }) => 0.9 - 0.01 * rank + jitter(seed) });
    expect(verdict('lower-at-quarter', reversed)).toBe('refuted');
    expect(verdict('lower-at-quarter-fixed', reversed)).toBe('refuted');
    expect(verdict('by-coverage', reversed)).toBe('refuted');
  });

  it('has no coverage claim where all ranks lie on one side of the zone', () => {
    const covered = madeUpResults({ coverage: (rank) => 0.1 + 0.001 * rank });
    const claim = paper88Direction.claims.find(({ id }) => id.endsWith('by-coverage'))!;
    expect(claim.measure(covered)).toBeNull();
  });

  it('asks for moving and frozen runs only once the learning rate is known', () => {
    const rates = (trials: ReturnType<typeof paper88Direction.trials>) =>
      trials.flatMap((trial) => (trial.kind === 'train' && trial.watch ? [trial.learningRate] : []));
    expect(new Set(rates(paper88Direction.trials(NO_RESULTS)))).toEqual(new Set([1e-12]));
    // 6 ranks and 3 frozen ones, 5 seeds each.
    const known = rates(paper88Direction.trials(threshold));
    expect(known.filter((rate) => rate === 0.01)).toHaveLength(30);
    expect(known.filter((rate) => rate === 1e-12)).toHaveLength(15);
  });
});

describe('paper88-monotone', () => {
  const verdict = (name: string, results = fromHalf) => verdicts(paper88Monotone, results)[name];
  /** Below K = 32 the fixed batch's loss rises the more often, the smaller K is; the batches' own loss zigzags. */
  const fromHalf = madeUpResults({
    fixedLoss: ({ rank }, step) => 6 - 0.01 * step + (rank < 32 && step % rank === 1 ? 0.5 : 0),
    loss: ({ learningRate }, step) => 5 + (step % 2) + Math.abs(Math.log(learningRate / 0.01)),
  });
  /** The other way round: more coverage, more rises. */
  const worse = madeUpResults({
    fixedLoss: ({ rank }, step) => 6 - 0.01 * step + (step % (80 / Math.min(rank, 40)) === 1 ? 0.5 : 0),
  });

  it('counts rises', () => {
    expect(countRises([3, 2, 2, 2.5, 1, 4])).toBe(2);
    expect(countRises([1])).toBe(0);
  });

  it('confirms a minimum coverage on the fixed batch, and refutes it for batches of their own', () => {
    expect(verdict('largest-fixed')).toBe('confirmed');
    expect(verdict('fewer-rises')).toBe('confirmed');
    expect(verdict('largest-own')).toBe('refuted');
    expect(paper88Monotone.notes(fromHalf)[0]).toMatch(/^From K = 32 on \(coverage 0\.06\d*\)/);
  });

  it('refutes it where the loss rises more often at larger K', () => {
    expect(verdict('largest-fixed', worse)).toBe('refuted');
    expect(verdict('fewer-rises', worse)).toBe('refuted');
    expect(paper88Monotone.notes(worse)[0]).toMatch(/^At the largest K/);
  });

  it('does not take a loss that never rises for a correlation', () => {
    expect(verdict('fewer-rises', madeUpResults({}))).toBe('refuted');
  });
});
