import { describe, expect, it } from 'vitest';
import {
  decaying,
  distance,
  lcg,
  lowRank,
  orthogonalityError,
} from '../../test/reference/linear-algebra/reference.ts';
import { leadingColumns, multiply } from './matrix.ts';
import { orthonormalize } from './qr.ts';
import { matrix } from './tensor.ts';

describe('orthonormalize', () => {
  it.each([
    [1, 1],
    [40, 7],
    [50, 50],
    [300, 120],
  ])('gives the Q of %i×%i with a positive upper triangular R', async (n, k) => {
    const a = lcg(n, k, 1);
    const q = await orthonormalize(a);
    expect(await orthogonalityError(q)).toBeLessThan(1e-13);
    const r = await multiply(q, a, { transposeA: true });
    for (let i = 0; i < k; i++) {
      expect(r.data[i * k + i]).toBeGreaterThan(0);
      for (let j = 0; j < i; j++) expect(Math.abs(r.data[i * k + j]!)).toBeLessThan(1e-12);
    }
    expect(distance(await multiply(q, r), a)).toBeLessThan(1e-13);
  });

  it('nests: leading columns give the leading frame', async () => {
    const a = lcg(60, 20, 2);
    const wide = await orthonormalize(a);
    expect(distance(leadingColumns(wide, 5), await orthonormalize(leadingColumns(a, 5)))).toBeLessThan(1e-14);
  });

  it('does not mind columns of very different length', async () => {
    const a = decaying(40, 10, 3, 300);
    const q = await orthonormalize(a);
    expect(await orthogonalityError(q)).toBeLessThan(1e-13);
    const r = await multiply(q, a, { transposeA: true });
    expect(distance(await multiply(q, r), a)).toBeLessThan(1e-13);
  });

  it('keeps an ill-conditioned span, where one Cholesky factor would lose it', async () => {
    // Columns 1, x, x², … on [-0.5, 0.5): condition number near 1e15.
    const x = lcg(80, 1, 4).data;
    const a = matrix(80, 18);
    for (let i = 0; i < 80; i++) {
      for (let j = 0; j < 18; j++) a.data[i * 18 + j] = x[i]! ** j;
    }
    const q = await orthonormalize(a);
    expect(await orthogonalityError(q)).toBeLessThan(1e-13);
    expect(distance(await multiply(q, await multiply(q, a, { transposeA: true })), a)).toBeLessThan(1e-13);
  });

  it('completes dependent and zero columns', async () => {
    const a = lowRank(30, 30, 4, 5);
    const q = await orthonormalize(a);
    expect(await orthogonalityError(q)).toBeLessThan(1e-13);
    const head = leadingColumns(q, 4);
    expect(distance(await multiply(head, await multiply(head, a, { transposeA: true })), a)).toBeLessThan(
      1e-13,
    );
    expect(await orthogonalityError(await orthonormalize(matrix(9, 9)))).toBeLessThan(1e-13);
  });

  it('refuses more columns than rows, and entries that are not finite', async () => {
    await expect(orthonormalize(matrix(2, 3))).rejects.toThrow('3 columns in 2 dimensions');
    await expect(orthonormalize(matrix(2, 1, Float64Array.of(1, Number.NaN)))).rejects.toThrow('not finite');
  });
});
