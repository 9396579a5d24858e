import { describe, expect, it } from 'vitest';
import { verdicts } from '../made-up/coverage-world.ts';
import { madeUpResults, tunedLoss } from '../made-up/run-world.ts';
import { equalSchedules, scheduleCost } from '../readings/equal-schedules.ts';
import { paritySteps } from '../readings/parity-steps.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { STEP_BUDGETS } from '../readings/step-budgets.ts';
import { FULL, QUICK } from '../scale.ts';
import type { TrainTrial } from '../trial.ts';
import { paper81Schedule } from './paper81-schedule.ts';
import { paper82Deadzone } from './paper82-deadzone.ts';

const [dimensions, parameters] = STEP_BUDGETS.map(({ cost }) => cost) as [
  (rank: number) => number,
  (rank: number) => number,
];

describe('equalSchedules', () => {
  it('reads as phases by their first step', () => {
    const { growing, shrinking } = equalSchedules(sourceRanks(FULL), 40, dimensions);
    expect(growing).toEqual([
      [1, 16],
      [27, 32],
      [28, 64],
    ]);
    expect(shrinking).toEqual([
      [1, 64],
      [14, 32],
      [15, 16],
    ]);
  });

  it('leaves out a phase without steps', () => {
    expect(equalSchedules(sourceRanks(FULL), 40, parameters).growing).toEqual([
      [1, 16],
      [33, 64],
    ]);
  });

  it('costs what half the rank does, by either count, at any length', () => {
    for (const scale of [FULL, QUICK]) {
      for (const { cost } of STEP_BUDGETS) {
        for (const steps of [1, 2, 5, 7, 40, 41, 400]) {
          const { growing, shrinking } = equalSchedules(sourceRanks(scale), steps, cost);
          const fixed = cost(sourceRanks(scale).half) * steps;
          expect(scheduleCost(growing, steps, cost)).toBe(fixed);
          expect(scheduleCost(shrinking, steps, cost)).toBe(fixed);
        }
      }
    }
  });
});

describe('paritySteps', () => {
  it('has every neighbour at the full scale, by either count', () => {
    expect(paritySteps(FULL, dimensions)).toEqual([
      { rank: 8, steps: 160 },
      { rank: 16, steps: 80 },
      { rank: 32, steps: 40 },
      { rank: 64, steps: 20 },
    ]);
    expect(paritySteps(FULL, parameters)).toEqual([
      { rank: 8, steps: 320 },
      { rank: 16, steps: 80 },
      { rank: 32, steps: 20 },
      { rank: 64, steps: 5 },
    ]);
  });

  it('keeps what a smoke run has steps for', () => {
    expect(paritySteps(QUICK, dimensions)).toEqual([
      { rank: 2, steps: 20 },
      { rank: 4, steps: 10 },
      { rank: 8, steps: 5 },
    ]);
    expect(paritySteps(QUICK, parameters)).toEqual([
      { rank: 4, steps: 20 },
      { rank: 8, steps: 5 },
    ]);
  });
});

describe('paper81-schedule', () => {
  const verdict = (name: string, loss: (trial: TrainTrial) => number) =>
    verdicts(paper81Schedule, madeUpResults({ loss }))[name];
  const scheduled = (difference: number) => (trial: TrainTrial) =>
    tunedLoss(trial, 5 + (trial.rankSchedule ? difference + 0.001 * trial.seed : 0));

  it.each(['growing', 'shrinking', 'growing-parameters', 'shrinking-parameters'])('judges %s', (name) => {
    expect(verdict(name, scheduled(0.1))).toBe('confirmed');
    expect(verdict(name, scheduled(-0.1))).toBe('refuted');
  });

  it('compares each schedule with the fixed rank by itself', () => {
    const growingHelps = (trial: TrainTrial) =>
      tunedLoss(trial, trial.rankSchedule === undefined ? 5 : trial.rankSchedule[0]![1] === 16 ? 4.9 : 5.1) +
      (trial.rankSchedule ? 0.001 * trial.seed : 0);
    expect(verdict('growing', growingHelps)).toBe('refuted');
    expect(verdict('shrinking', growingHelps)).toBe('confirmed');
  });

  it('shows what each arm costs', () => {
    const [table] = paper81Schedule.tables(madeUpResults({}));
    const costs = table!.rows.map((row) => row.slice(1, 4));
    expect(costs[0]).toEqual(['32 × 40', 1280, 40960]);
    expect(costs[1]![1]).toBe(1280);
    expect(costs[3]).toEqual(['16 × 32, 64 × 8', 1024, 40960]);
  });
});

describe('paper82-deadzone', () => {
  /** Losses at the end of each rank's budget, with a little of each seed. */
  const losses = (byRank: Record<number, number>) =>
    madeUpResults({
      loss: (trial) => tunedLoss(trial, byRank[trial.rank]! + 0.0001 * trial.rank * trial.seed),
    });
  const verdict = (name: string, results: ReturnType<typeof losses>) =>
    verdicts(paper82Deadzone, results)[name];

  it.each(['', '-parameters'])('confirms a zone that is worse than both neighbours%s', (suffix) => {
    const zone = losses({ 8: 5.0, 16: 5.4, 32: 5.1, 64: 5 });
    expect(verdict(`both-neighbours${suffix}`, zone)).toBe('confirmed');
    expect(verdict(`below-half${suffix}`, zone)).toBe('confirmed');
  });

  it.each(['', '-parameters'])('tells a slope from a zone%s', (suffix) => {
    const slope = losses({ 8: 5.8, 16: 5.4, 32: 5.1, 64: 5 });
    expect(verdict(`both-neighbours${suffix}`, slope)).toBe('refuted');
    expect(verdict(`below-half${suffix}`, slope)).toBe('confirmed');
    const falling = losses({ 8: 4.8, 16: 5.0, 32: 5.1, 64: 5.3 });
    expect(verdict(`below-half${suffix}`, falling)).toBe('refuted');
  });

  it('leaves a claim open whose neighbour the run has no steps for', () => {
    const claim = paper82Deadzone.claims.find(({ id }) => id.endsWith('both-neighbours-parameters'))!;
    expect(claim.measure(madeUpResults({}, QUICK))).toBeNull();
  });
});
