import { describe, expect, it } from 'vitest';
import { coverageWorld, exercise, verdicts, wobble } from '../made-up/coverage-world.ts';
import { type World, worldResults } from '../made-up/world.ts';
import { budgetParity } from './budget-parity.ts';

/** Loss falls with what was spent: rank ** power × steps. */
const world = (coveragePower: number, costPower: number): World => ({
  ...coverageWorld(({ rank, seed }) => 0.002 * rank ** coveragePower * (1 + 0.004 * wobble(seed))),
  loss: (trial, step) =>
    8 -
    0.3 * Math.log(1 + trial.rank ** costPower * step) +
    Math.abs(Math.log(trial.learningRate / 0.01)) +
    0.002 * wobble(trial.seed * 2 + trial.rank),
});

describe('budget-parity', () => {
  it('confirms the cost model that is true of the world, and refutes the other', () => {
    expect(verdicts(budgetParity, worldResults(world(1, 1)))).toEqual({
      'total-coverage': 'confirmed',
      'equal-loss': 'confirmed',
      'equal-loss-parameters': 'refuted',
    });
    expect(verdicts(budgetParity, worldResults(world(1, 2)))).toMatchObject({
      'equal-loss': 'refuted',
      'equal-loss-parameters': 'confirmed',
    });
  });

  it('refutes constant total coverage where coverage is not proportional to K', () => {
    expect(verdicts(budgetParity, worldResults(world(0.6, 1)))['total-coverage']).toBe('refuted');
  });

  it('spends the same budget on every row of a table', () => {
    const [, dimensions, parameters] = budgetParity.tables(worldResults(world(1, 1)));
    for (const table of [dimensions!, parameters!]) {
      expect(table.rows.length).toBeGreaterThan(2);
      expect(new Set(table.rows.map((row) => row[2])).size).toBe(1);
    }
  });

  it('goes through at every scale', () => {
    expect(exercise(budgetParity, world(1, 1))).toEqual({ full: [], quick: [] });
  });
});
