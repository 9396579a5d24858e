import { describe, expect, it } from 'vitest';
import { type Factors, fitPlane, foretold, heightAt } from './two-factor-law.ts';

const POINTS: Factors[] = [
  [1, 2],
  [2, 1],
  [3, 5],
  [4, 4],
  [5, 7],
  [6, 3],
];
const plane = ([a, b]: Factors): number => 3 - 0.5 * a + 0.25 * b;

describe('laws of two factors', () => {
  it('find the plane that made the points', () => {
    const law = fitPlane(POINTS, POINTS.map(plane));
    expect(heightAt(law, [10, -4])).toBeCloseTo(plane([10, -4]), 10);
  });

  it('leave the least squares: no other plane near it has less', () => {
    const y = POINTS.map((point, i) => plane(point) + [0.3, -0.2, 0.1, 0.4, -0.5, 0.1][i]!);
    const law = fitPlane(POINTS, y);
    const squares = (of: (at: Factors) => number) =>
      POINTS.reduce((sum, point, i) => sum + (of(point) - y[i]!) ** 2, 0);
    const least = squares((at) => heightAt(law, at));
    for (const [da, db, dc] of [
      [0.01, 0, 0],
      [0, 0.01, 0],
      [0, 0, 0.01],
      [0, -0.01, 0.01],
    ] as const) {
      expect(squares((at) => heightAt(law, at) + da + db * at[0] + dc * at[1])).toBeGreaterThan(least);
    }
  });

  it('fall back on the first factor where both say the same', () => {
    const x = [1, 2, 3].map((value): Factors => [value, 2 * value]);
    expect(heightAt(fitPlane(x, [2, 4, 6]), [5, 10])).toBeCloseTo(10, 10);
  });

  it('foretell each half from the other alone', () => {
    const half = POINTS.map((_, i) => i % 2 === 0);
    const y = POINTS.map((point, i) => plane(point) + (half[i] ? 0 : 100));
    // The halves differ by 100, so each is foretold as the other is.
    foretold(POINTS, y, half).forEach((value, i) => {
      expect(value).toBeCloseTo(plane(POINTS[i]!) + (half[i] ? 100 : 0), 8);
    });
  });
});
