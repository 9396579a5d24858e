import { describe, expect, it } from 'vitest';
import { fitLaw } from '../../../scripts/support/fit-law.ts';
import { LAW } from './constants.ts';
import type { FirstStep } from './first-step.ts';
import { advisedRate } from './law.ts';

const first: FirstStep = { parameters: 100, step: 0.01, agreement: 0.5, waiting: null, passes: 8 };
const constant = { optimizer: 'adamw', schedule: 'constant', steps: 40 } as const;
const rate = (step: Partial<FirstStep>, settings: object = {}) =>
  advisedRate({ ...first, ...step }, { ...constant, ...settings }).learningRate;

describe('the law of the learning rate', () => {
  it('has the constants that the committed runs give', () => {
    expect(LAW).toEqual(fitLaw());
  });

  it('follows the best first step, and what waits keeps it down', () => {
    expect(rate({}) / (LAW.factor * 0.01 ** LAW.exponent)).toBeCloseTo(1, 2);
    expect(rate({ step: 0.02 }) / rate({})).toBeCloseTo(2 ** LAW.exponent, 1);
    const [alone, limit] = [rate({}), LAW.waiting * 0.03];
    expect(rate({ waiting: 0.03 }) / ((alone * limit) / (alone + limit))).toBeCloseTo(1, 2);
  });

  it('falls with the steps beyond 40, and has a higher peak where the rate falls', () => {
    expect(rate({}, { steps: 10 })).toBe(rate({}));
    expect(rate({}, { steps: 400 }) / rate({})).toBeCloseTo(10 ** -LAW.horizon, 2);
    expect(rate({}, { schedule: 'cosine' }) / rate({})).toBeCloseTo(LAW.cosine, 2);
  });

  it('tells what it was not fitted to, and refuses what it does not know', () => {
    expect(advisedRate(first, constant).notes).toEqual([]);
    expect(advisedRate(first, { ...constant, steps: 4000 }).notes[0]).toMatch(/4000/);
    expect(advisedRate(first, { ...constant, schedule: 'linear' }).notes[0]).toMatch(/linear/);
    const refused = { code: 'learning-rate-unknown' };
    expect(() => rate({ step: null })).toThrow(expect.objectContaining(refused));
    expect(() => rate({ agreement: 0.01 })).toThrow(expect.objectContaining(refused));
    expect(() => rate({}, { optimizer: 'sgd' })).toThrow(expect.objectContaining(refused));
  });
});
