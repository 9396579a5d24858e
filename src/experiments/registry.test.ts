import { describe, expect, it } from 'vitest';
import type { Results } from './experiment.ts';
import { SETTING, type World, worldResults } from './made-up/world.ts';
import { chooseExperiments, EXPERIMENTS } from './registry.ts';
import type { Trial } from './trial.ts';

/** Whether one trial has what another asks for: itself, or a longer run. */
const serves = (one: Trial, asked: Trial): boolean =>
  one.kind === 'train' && asked.kind === 'train'
    ? JSON.stringify({ ...one, steps: 0 }) === JSON.stringify({ ...asked, steps: 0 }) &&
      one.steps >= asked.steps
    : JSON.stringify(one) === JSON.stringify(asked);

const claims = EXPERIMENTS.flatMap((experiment) => experiment.claims);

describe('the registry', () => {
  it('has a rule for every claim, in numbers and in words', () => {
    for (const { id, rule, quantity, statement } of claims) {
      expect(rule.low ?? rule.high, id).not.toBeNull();
      expect(rule.low ?? Number.NEGATIVE_INFINITY, id).toBeLessThan(rule.high ?? Number.POSITIVE_INFINITY);
      expect(rule.words, id).toMatch(/^confirmed if .{10,}/i);
      expect(quantity.length, id).toBeGreaterThan(5);
      expect(statement.length, id).toBeGreaterThan(10);
    }
  });

  it('names claims and experiments once', () => {
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
    expect(new Set(EXPERIMENTS.map(({ name }) => name)).size).toBe(EXPERIMENTS.length);
    for (const { name, claims: own } of EXPERIMENTS) {
      for (const { id } of own) expect(id.startsWith(`${name}/`), id).toBe(true);
    }
  });

  it('covers every row of the mission, and our own three questions', () => {
    const rows = new Set(claims.flatMap((claim) => claim.rows));
    const expected = Array.from({ length: 19 }, (_, i) => `M${i + 1}`);
    expect(expected.filter((row) => !rows.has(row))).toEqual([]);
    for (const name of ['fixed-k', 'predictor', 'equal-loss']) {
      expect(EXPERIMENTS.find((one) => one.name === name)?.claims.length, name).toBeGreaterThan(0);
    }
  });

  it.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))(
    'has %s ask for everything that it reads, also when all is there: what a log keeps does not decide',
    (_, { trials, claims: own, tables, settings }) => {
      const read = new Map<string, Trial>();
      const noting =
        <T extends Trial, R>(find: (trial: T) => R) =>
        (trial: T): R => {
          read.set(JSON.stringify(trial), trial);
          return find(trial);
        };
      for (const kind of settings) {
        // Losses that differ by learning rate, so that searches end inside their grid.
        const world: World = { loss: ({ learningRate }) => 5 + Math.abs(Math.log(learningRate / 0.02)) };
        const made = worldResults(world, undefined, { ...SETTING, kind });
        const results: Results = {
          ...made,
          train: noting(made.train),
          observe: noting(made.observe),
          joint: noting(made.joint),
        };
        const asked = trials(results);
        for (const claim of own) claim.measure(results);
        tables(results);
        const missing = [...read.values()].filter((trial) => !asked.some((one) => serves(one, trial)));
        expect(missing.map((trial) => JSON.stringify(trial))).toEqual([]);
        read.clear();
      }
    },
  );

  it('says which experiments there are when one is not', () => {
    expect(() => chooseExperiments(['paper99'])).toThrow(/no experiment of that name/);
    expect(chooseExperiments(['all'])).toHaveLength(EXPERIMENTS.length);
    expect(chooseExperiments(['equal-loss', 'isotropy']).map(({ name }) => name)).toEqual([
      'isotropy',
      'equal-loss',
    ]);
  });
});
