import { describe, expect, it } from 'vitest';
import { chooseExperiments, EXPERIMENTS } from './registry.ts';

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

  it('says which experiments there are when one is not', () => {
    expect(() => chooseExperiments(['paper99'])).toThrow(/no experiment of that name/);
    expect(chooseExperiments(['all'])).toHaveLength(EXPERIMENTS.length);
    expect(chooseExperiments(['equal-loss', 'isotropy']).map(({ name }) => name)).toEqual([
      'isotropy',
      'equal-loss',
    ]);
  });
});
