import { describe, expect, it } from 'vitest';
import type { Experiment } from '../experiment.ts';
import { verdicts } from '../made-up/coverage-world.ts';
import { jitter, type MadeUp, madeUpResults, tunedLoss } from '../made-up/run-world.ts';
import { paper83UpdateRank } from './paper83-update-rank.ts';
import { paper84 } from './paper84-64v32.ts';
import { paper85Ablate } from './paper85-ablate.ts';
import { paper86GradientRank } from './paper86-gradient-rank.ts';
import { svdAdvantages } from './svd-advantages.ts';

const verdictsIn = (experiment: Experiment, madeUp: MadeUp) => verdicts(experiment, madeUpResults(madeUp));

describe('paper83-update-rank', () => {
  it('confirms a rank of 20 that does not depend on K', () => {
    expect(verdictsIn(paper83UpdateRank, { updateRank: ({ rank }) => Math.min(20, rank) })).toEqual({
      'near-20-half': 'confirmed',
      'near-20-largest': 'confirmed',
      grows: 'refuted',
    });
  });

  it('confirms an artefact of K', () => {
    expect(verdictsIn(paper83UpdateRank, { updateRank: ({ rank }) => 0.85 * rank })).toEqual({
      'near-20-half': 'refuted',
      'near-20-largest': 'refuted',
      grows: 'confirmed',
    });
  });

  it('takes the rank from runs that end after the short run', () => {
    const trials = paper83UpdateRank.trials(madeUpResults({}));
    const ablated = trials.filter((trial) => trial.kind === 'train' && trial.ablate);
    expect(ablated).toHaveLength(30);
    expect(trials.every((trial) => trial.kind === 'train' && trial.steps === 40)).toBe(true);
  });
});

describe('paper84-64v32', () => {
  const gain = (difference: number) =>
    verdictsIn(paper84, {
      loss: (trial) => tunedLoss(trial, trial.rank === 32 ? 5 + difference + jitter(3 * trial.seed) : 5),
    });

  it('confirms the source’s margin', () => {
    expect(gain(0.7)).toEqual({ beats: 'confirmed', 'by-0.697': 'confirmed' });
  });

  it('confirms a win and refutes its size', () => {
    expect(gain(0.05)).toEqual({ beats: 'confirmed', 'by-0.697': 'refuted' });
  });

  it('refutes a win, and leaves noise open', () => {
    expect(gain(-0.05)).toEqual({ beats: 'refuted', 'by-0.697': 'refuted' });
    expect(gain(0).beats).toBe('inconclusive');
  });

  it('stands beside the source’s rows in the same layout', () => {
    const [table] = paper84.tables(madeUpResults({}));
    expect(table!.source!.rows).toEqual([
      [32, 6.7678],
      [64, 6.0559],
    ]);
    expect(table!.rows.map(([rank]) => rank)).toEqual([32, 64]);
  });
});

describe('paper85-ablate', () => {
  const freshHalf = (loss: number) => (trial: Parameters<NonNullable<MadeUp['loss']>>[0]) =>
    tunedLoss(trial, trial.rank === 32 ? loss + jitter(5 * trial.seed) : 5);

  it('confirms signal', () => {
    expect(
      verdictsIn(paper85Ablate, {
        loss: freshHalf(5.2),
        ablation: ({ seed }) => ({
          leading: 5.3 + jitter(seed),
          trailing: 5.6 + jitter(2 * seed),
          random: 5.4,
        }),
      }),
    ).toEqual({
      'trailing-matters': 'confirmed',
      'trailing-alone': 'confirmed',
      'beyond-a-fresh-half': 'confirmed',
    });
  });

  it('refutes it where the extra dimensions hold noise', () => {
    expect(
      verdictsIn(paper85Ablate, {
        loss: freshHalf(4.9),
        ablation: ({ seed }) => ({
          leading: 4.9 + jitter(2 * seed),
          trailing: 6.1 + jitter(seed),
          random: 5.4,
        }),
      }),
    ).toEqual({
      'trailing-matters': 'refuted',
      'trailing-alone': 'refuted',
      'beyond-a-fresh-half': 'refuted',
    });
  });
});

describe('paper86-gradient-rank', () => {
  const STEPS = [1, 10, 20, 40];
  const world = (batch: readonly number[], mean: readonly number[], weights: number): MadeUp => ({
    effectiveRanks: (step, seed) => ({
      batch: batch[STEPS.indexOf(step)]! + jitter(seed),
      mean: mean[STEPS.indexOf(step)]! + jitter(2 * seed),
      weights: weights + jitter(seed),
    }),
  });

  it('confirms the source’s course', () => {
    expect(verdictsIn(paper86GradientRank, world([6, 20, 20, 10], [5, 19, 19, 9], 230))).toEqual({
      'dynamic-batch': 'confirmed',
      'rise-and-fall-batch': 'confirmed',
      'low-batch': 'confirmed',
      'dynamic-mean': 'confirmed',
      'rise-and-fall-mean': 'confirmed',
      'low-mean': 'confirmed',
      weights: 'confirmed',
      'far-below-weights': 'confirmed',
      'noise-inflates': 'confirmed',
    });
  });

  it('refutes it where nothing changes and gradients are as wide as weights', () => {
    expect(verdictsIn(paper86GradientRank, world([60, 60.5, 61, 61.5], [70, 70.5, 71, 71.5], 150))).toEqual({
      'dynamic-batch': 'refuted',
      'rise-and-fall-batch': 'refuted',
      'low-batch': 'refuted',
      'dynamic-mean': 'refuted',
      'rise-and-fall-mean': 'refuted',
      'low-mean': 'refuted',
      weights: 'refuted',
      'far-below-weights': 'refuted',
      'noise-inflates': 'refuted',
    });
  });
});

describe('svd-advantages', () => {
  /** Losses fall by so much at every step. */
  const falling = (svd: number, random: number, updateRank: MadeUp['updateRank']): MadeUp => ({
    loss: (trial, step) =>
      tunedLoss(trial, 6) -
      step * ((trial.basis === 'svd' ? svd : random) + 0.1 * jitter(3 * trial.seed + trial.rank)),
    updateRank,
  });

  it('confirms a better start and more structure', () => {
    const world = falling(0.03, 0.02, ({ basis }) => (basis === 'svd' ? 30 : 40));
    expect(verdictsIn(svdAdvantages, perTrialJitter(world))).toEqual({
      'early-tuned': 'confirmed',
      'structured-tuned': 'confirmed',
      'early-shared': 'confirmed',
      'structured-shared': 'confirmed',
    });
  });

  it('refutes them the other way round', () => {
    const world = falling(0.02, 0.03, ({ basis }) => (basis === 'svd' ? 40 : 30));
    expect(verdictsIn(svdAdvantages, perTrialJitter(world))).toEqual({
      'early-tuned': 'refuted',
      'structured-tuned': 'refuted',
      'early-shared': 'refuted',
      'structured-shared': 'refuted',
    });
  });

  it('measures the slope over the early steps alone', () => {
    const results = madeUpResults({
      loss: (trial, step) => tunedLoss(trial, 6) - (step < 10 ? 0.01 * step : 3),
    });
    const [table] = svdAdvantages.tables(results);
    const slopes = table!.rows.map((row) => (row[3] as { mean: number }).mean);
    for (const slope of slopes) expect(slope).toBeCloseTo(-0.01, 10);
  });

  function perTrialJitter(world: MadeUp): MadeUp {
    return {
      ...world,
      updateRank: (trial) => world.updateRank!(trial) + (trial.basis === 'svd' ? jitter(9 * trial.seed) : 0),
    };
  }
});
