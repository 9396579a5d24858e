import { describe, expect, it } from 'vitest';
import { readReference } from '../../test/reference/linear-algebra/reference.ts';
import { createRng } from './rng.ts';
import {
  betaQuantile,
  bootstrapInterval,
  fitLine,
  holm,
  jackknifeInterval,
  mean,
  pearson,
  quantile,
  slopeThroughOrigin,
  spearman,
  standardDeviation,
  studentInterval,
  studentTail,
} from './statistics.ts';

interface Reference {
  readonly x: number[];
  readonly y: number[];
  readonly mean: number;
  readonly standardDeviation: number;
  readonly quantiles: [number, number][];
  readonly student: [number, number];
  readonly pearson: number;
  readonly spearman: number;
  readonly beta: { readonly mean: number; readonly variance: number; readonly quantiles: [number, number][] };
}

const reference = readReference('statistics.json') as Reference;
const { x, y } = reference;

describe('descriptive statistics', () => {
  it('equal NumPy', () => {
    expect(mean(x)).toBeCloseTo(reference.mean, 13);
    expect(standardDeviation(x)).toBeCloseTo(reference.standardDeviation, 13);
    for (const [p, value] of reference.quantiles) expect(quantile(x, p)).toBeCloseTo(value, 13);
    expect(quantile([7], 0.3)).toBe(7);
  });

  it('refuse samples that are too small', () => {
    expect(() => mean([])).toThrow();
    expect(() => standardDeviation([1])).toThrow('two values');
    expect(() => quantile([], 0.5)).toThrow('0 values');
  });
});

describe('intervals', () => {
  it('Student equals SciPy', () => {
    const { mean: centre, low, high } = studentInterval(x);
    expect(centre).toBeCloseTo(reference.mean, 13);
    expect(low).toBeCloseTo(reference.student[0], 6);
    expect(high).toBeCloseTo(reference.student[1], 6);
    expect(studentInterval([4])).toEqual({ mean: 4, low: 4, high: 4 });
  });

  it('Student covers the truth 95 times in 100', () => {
    const rng = createRng(1);
    let hits = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const { low, high } = studentInterval(Array.from({ length: 4 }, () => 5 + rng.normal()));
      if (low <= 5 && 5 <= high) hits++;
    }
    expect(Math.abs(hits / 2000 - 0.95)).toBeLessThan(0.015);
  });

  it('the jackknife of a mean is its Student interval', () => {
    const meanOf = (indices: Int32Array) => mean(Array.from(indices, (index) => x[index]!));
    const { mean: centre, low, high } = jackknifeInterval(x.length, meanOf);
    const student = studentInterval(x);
    expect(centre).toBeCloseTo(student.mean, 12);
    expect(low).toBeCloseTo(student.low, 12);
    expect(high).toBeCloseTo(student.high, 12);
    expect(jackknifeInterval(1, () => 2)).toEqual({ mean: 2, low: 2, high: 2 });
  });

  it('the bootstrap of a mean spreads as σ/√n does, and repeats with its seed', () => {
    const rng = createRng(2);
    const sample = Array.from({ length: 400 }, () => rng.normal());
    const meanOf = (indices: Int32Array) => mean(Array.from(indices, (index) => sample[index]!));
    const found = bootstrapInterval(400, meanOf, createRng(3));
    expect(found.mean).toBe(mean(sample));
    const expected = (2 * 1.96 * standardDeviation(sample)) / 20;
    expect(Math.abs((found.high - found.low) / expected - 1)).toBeLessThan(0.1);
    expect(found.low).toBeLessThan(found.mean);
    expect(bootstrapInterval(400, meanOf, createRng(3))).toEqual(found);
    const narrow = bootstrapInterval(400, meanOf, createRng(3), { level: 0.5, resamples: 300 });
    expect(Math.abs((narrow.high - narrow.low) / (found.high - found.low) - 0.674 / 1.96)).toBeLessThan(0.06);
  });
});

describe('correlations', () => {
  it('equal SciPy, with ties', () => {
    expect(pearson(x, y)).toBeCloseTo(reference.pearson, 13);
    expect(spearman(x, y)).toBeCloseTo(reference.spearman, 13);
  });

  it('are 0 when one side is constant', () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0);
    expect(spearman([1, 2, 3], [4, 4, 4])).toBe(0);
  });

  it('refuse samples of different length', () => {
    expect(() => pearson([1, 2], [1, 2, 3])).toThrow('pairs');
  });
});

describe('betaQuantile', () => {
  it('equals SciPy', () => {
    const { mean: centre, variance, quantiles } = reference.beta;
    for (const [p, value] of quantiles) expect(betaQuantile(p, centre, variance)).toBeCloseTo(value, 6);
    expect(betaQuantile(0.3, 0.5, 1 / 12)).toBeCloseTo(0.3, 8); // uniform
  });

  it('is the mean where no beta distribution has these moments', () => {
    expect(betaQuantile(0.9, 0.5, 0.3)).toBe(0.5);
    expect(betaQuantile(0.9, 0.2, 0)).toBe(0.2);
  });
});

describe('studentTail', () => {
  it('equals the closed forms for 1, 2 and 4 degrees of freedom', () => {
    for (const t of [-3, -0.4, 0, 0.7, 2, 12]) {
      expect(studentTail(t, 1)).toBeCloseTo(0.5 - Math.atan(t) / Math.PI, 8);
      expect(studentTail(t, 2)).toBeCloseTo(0.5 - t / (2 * Math.sqrt(2 + t * t)), 8);
      const s = t / Math.sqrt(4 + t * t);
      expect(studentTail(t, 4)).toBeCloseTo(0.5 - (s * (3 - s * s)) / 4, 8);
    }
  });

  it('is the inverse of the interval, and exact far out', () => {
    expect(studentTail(2.7764451052, 4)).toBeCloseTo(0.025, 9);
    expect(studentTail(1e9, 4) / 3e-36).toBeCloseTo(1, 8); // 3/t⁴ for large t
    expect(studentTail(1.959963985, 1e7)).toBeCloseTo(0.025, 6); // the normal distribution
  });
});

describe('holm', () => {
  it('equals the example of R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.005), "holm")', () => {
    const adjusted = holm([0.01, 0.02, 0.03, 0.04, 0.005]);
    [0.04, 0.06, 0.06, 0.06, 0.025].forEach((value, i) => {
      expect(adjusted[i]).toBeCloseTo(value, 12);
    });
  });

  it('keeps order, stays at most 1, and leaves a single test alone', () => {
    expect(holm([0.5, 0.9, 0.6])).toEqual([1, 1, 1]);
    expect(holm([0.03])).toEqual([0.03]);
    expect(holm([])).toEqual([]);
    expect(holm([0, 0.04, 0])).toEqual([0, 0.04, 0]);
  });
});

describe('lines', () => {
  it('are those of least squares', () => {
    const { slope, intercept } = fitLine([0, 1, 2, 3], [1, 3, 4, 8]);
    expect(slope).toBeCloseTo(2.2, 12);
    expect(intercept).toBeCloseTo(0.7, 12);
    expect(fitLine([2, 2], [1, 5])).toEqual({ slope: 0, intercept: 3 });
    expect(slopeThroughOrigin([1, 2, 3], [2, 3, 7])).toBeCloseTo(29 / 14, 12);
    expect(() => slopeThroughOrigin([0], [1])).toThrow('not 0');
  });
});
