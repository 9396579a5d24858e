import { describe, expect, it } from 'vitest';
import { createRng, studentInterval } from '../numeric/index.ts';
import { judge } from './judge.ts';
import type { Rule, Sample } from './rule.ts';

const above = (low: number): Rule => ({ low, high: null, words: `above ${low}` });
const below = (high: number): Rule => ({ low: null, high, words: `below ${high}` });
const between = (low: number, high: number): Rule => ({ low, high, words: `${low} to ${high}` });

const judgeOne = (rule: Rule, sample: Sample | null) => judge([{ rule, sample }])[0]!;

/** Five seeds of a quantity. */
function seeds(centre: number, spread: number, seed = 1): Sample {
  const rng = createRng(seed);
  return { values: Array.from({ length: 5 }, () => centre + spread * rng.normal()) };
}

describe('judge', () => {
  it('confirms a claim that is true of the data', () => {
    expect(judgeOne(above(0), seeds(0.7, 0.05)).verdict).toBe('confirmed');
    expect(judgeOne(below(-0.9), seeds(-0.99, 0.01)).verdict).toBe('confirmed');
    expect(judgeOne(between(0.8, 1.25), seeds(1, 0.02)).verdict).toBe('confirmed');
  });

  it('refutes a claim that is false of the data, on either side of its region', () => {
    expect(judgeOne(above(0), seeds(-0.7, 0.05)).verdict).toBe('refuted');
    expect(judgeOne(below(-0.9), seeds(0.2, 0.1)).verdict).toBe('refuted');
    expect(judgeOne(between(0.8, 1.25), seeds(2.8, 0.1)).verdict).toBe('refuted');
    expect(judgeOne(between(0.8, 1.25), seeds(0.2, 0.05)).verdict).toBe('refuted');
  });

  it('leaves noise inconclusive, and a region narrower than the noise', () => {
    expect(judgeOne(above(0), seeds(0, 1)).verdict).toBe('inconclusive');
    expect(judgeOne(between(-0.1, 0.1), seeds(0, 1)).verdict).toBe('inconclusive');
  });

  it('gives a wrong verdict on noise at most in one of twenty runs of fifty claims', () => {
    const rng = createRng(4);
    let wrong = 0;
    for (let run = 0; run < 300; run++) {
      const cases = Array.from({ length: 50 }, () => ({
        rule: above(0),
        sample: { values: Array.from({ length: 5 }, () => rng.normal()) },
      }));
      if (judge(cases).some(({ verdict }) => verdict !== 'inconclusive')) wrong++;
    }
    expect(wrong / 300).toBeLessThan(0.08);
    expect(wrong).toBeGreaterThan(0);
  });

  it('has the p-value of the t-test, and the verdict that the 95 % interval shows', () => {
    const values = [0.2, 0.5, 0.1, 0.6, 0.4]; // mean 0.36, standard error 0.09274, t = 3.882 on 4
    const judged = judgeOne(above(0), { values });
    expect(judged.estimate).toEqual(studentInterval(values));
    expect(judged.p).toBeCloseTo(0.01782, 4);
    expect(judged.replicates).toBe(5);
    const { low, high } = studentInterval(values);
    expect(judgeOne(above(low - 1e-6), { values }).verdict).toBe('confirmed');
    expect(judgeOne(above(low + 1e-6), { values }).verdict).toBe('inconclusive');
    expect(judgeOne(above(high + 1e-6), { values }).verdict).toBe('refuted');
    expect(judgeOne(between(low - 1e-6, high + 1e-6), { values }).verdict).toBe('confirmed');
    expect(judgeOne(between(low + 1e-6, 9), { values }).verdict).toBe('inconclusive');
  });

  it('lets Holm take away a borderline verdict, and only that', () => {
    const borderline = { rule: above(0), sample: { values: [0.2, 0.5, 0.1, 0.6, 0.4] } }; // p = 0.018
    const sure = { rule: above(0), sample: seeds(0.7, 0.001) };
    const noise = { rule: above(0), sample: seeds(0, 1) };
    const missing = { rule: above(0), sample: null };
    expect(judge([borderline])[0]!.verdict).toBe('confirmed');
    expect(judge([borderline, sure, missing])[0]!.verdict).toBe('confirmed'); // the last of two that were tested
    const judged = judge([sure, noise, borderline, noise, missing]);
    expect(judged.map(({ verdict }) => verdict)).toEqual([
      'confirmed',
      'inconclusive',
      'inconclusive',
      'inconclusive',
      'inconclusive',
    ]);
    expect(judged[2]!.pHolm).toBeCloseTo(3 * judged[2]!.p!, 12);
    expect(judge([borderline, noise, noise], 0.2)[0]!.verdict).toBe('confirmed');
  });

  it('takes an estimate with its standard error as it takes values', () => {
    const values = [0.2, 0.5, 0.1, 0.6, 0.4];
    const standardError = Math.sqrt(0.043 / 5);
    const judged = judgeOne(above(0), { estimate: 0.36, standardError, replicates: 5 });
    const same = judgeOne(above(0), { values });
    expect(judged.p).toBeCloseTo(same.p!, 9);
    expect(judged.estimate!.low).toBeCloseTo(same.estimate!.low, 9);
  });

  it('decides on what is exact by its place alone; a bound is outside', () => {
    const exact = judgeOne(between(0, 2), { values: [1, 1, 1] });
    expect(exact).toMatchObject({ verdict: 'confirmed', p: 0, estimate: { mean: 1, low: 1, high: 1 } });
    expect(judgeOne(above(1), { values: [1, 1, 1] }).verdict).toBe('refuted');
    expect(judgeOne(above(2), { values: [1, 1] }).verdict).toBe('refuted');
    const construction = { estimate: 3, standardError: 0, replicates: 1 };
    expect(judgeOne(above(2), construction).verdict).toBe('confirmed');
  });

  it('says why it cannot decide', () => {
    expect(judgeOne(above(0), null)).toEqual({
      estimate: null,
      replicates: 0,
      p: null,
      pHolm: null,
      verdict: 'inconclusive',
      remark: 'Trials are missing.',
    });
    const single = judgeOne(above(0), { values: [4] });
    expect(single).toMatchObject({ verdict: 'inconclusive', p: null, estimate: { mean: 4 }, replicates: 1 });
    expect(single.remark).toContain('One seed');
    expect(judgeOne(above(0), { estimate: 1, standardError: 0.1, replicates: 1 }).remark).toContain(
      'One seed',
    );
    expect(judgeOne(above(0), { values: [1, Number.NaN, 2] }).remark).toContain('finite');
    expect(judgeOne(above(0), seeds(0, 1)).remark).toBeNull();
  });
});
