import { describe, expect, it } from 'vitest';
import { distance, orthogonalityError } from '../../test/reference/linear-algebra/reference.ts';
import { haarFrame, principalAngles } from './frames.ts';
import { leadingColumns, multiply } from './matrix.ts';
import { createRng } from './rng.ts';
import { mean } from './statistics.ts';
import { matrix } from './tensor.ts';

describe('haarFrame', () => {
  it('is orthonormal, reproducible, and nests over widths', async () => {
    const wide = await haarFrame(70, 30, createRng(1));
    expect(await orthogonalityError(wide)).toBeLessThan(1e-13);
    expect(distance(await haarFrame(70, 30, createRng(1)), wide)).toBe(0);
    expect(distance(await haarFrame(70, 8, createRng(1)), leadingColumns(wide, 8))).toBeLessThan(1e-13);
  });

  it('has the moments of Haar measure, signs included', async () => {
    // E qᵢⱼ = 0; E qᵢⱼ² = 1/n; E qᵢⱼ⁴ = 3/(n(n+2)); E tr(QᵀQ') ² = 1 for orthogonal n×n.
    const n = 5;
    const rng = createRng(2);
    const frames = await Promise.all(Array.from({ length: 4000 }, () => haarFrame(n, n, rng)));
    for (const entry of [0, 7, 24]) {
      const values = frames.map((frame) => frame.data[entry]!);
      expect(Math.abs(mean(values))).toBeLessThan(0.03);
      expect(Math.abs(mean(values.map((value) => value ** 2)) - 1 / n)).toBeLessThan(0.015);
      expect(Math.abs(mean(values.map((value) => value ** 4)) - 3 / (n * (n + 2)))).toBeLessThan(0.012);
    }
    const traces = frames.map((frame) =>
      [0, 6, 12, 18, 24].reduce((sum, entry) => sum + frame.data[entry]!, 0),
    );
    expect(Math.abs(mean(traces))).toBeLessThan(0.07);
    expect(Math.abs(mean(traces.map((value) => value ** 2)) - 1)).toBeLessThan(0.1);
  });

  it('refuses more columns than rows', async () => {
    await expect(haarFrame(3, 4, createRng(1))).rejects.toThrow('4 columns in 3 dimensions');
  });
});

describe('principalAngles', () => {
  it('gives the cosines of known angles', async () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const a = matrix(4, 2, Float64Array.of(1, 0, 0, 1, 0, 0, 0, 0));
    const b = matrix(4, 2, Float64Array.of(c, 0, 0, 0, s, 0, 0, 1));
    const cosines = await principalAngles(a, b);
    expect(cosines[0]).toBeCloseTo(c, 14);
    expect(cosines[1]).toBeCloseTo(0, 14);
  });

  it('does not depend on the basis of a span, and is 1 for a contained one', async () => {
    const a = await haarFrame(30, 6, createRng(3));
    const turned = await multiply(a, await haarFrame(6, 6, createRng(4)));
    const cosines = await principalAngles(turned, leadingColumns(a, 4));
    expect(cosines.length).toBe(4);
    for (const cosine of cosines) {
      expect(cosine).toBeCloseTo(1, 13);
      expect(cosine).toBeLessThanOrEqual(1);
    }
  });
});
