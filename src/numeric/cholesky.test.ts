import { describe, expect, it } from 'vitest';
import { distance, lcg, readReference } from '../../test/reference/linear-algebra/reference.ts';
import { UserError } from '../errors/index.ts';
import { cholesky, invertLower } from './cholesky.ts';
import { block, identity, multiply } from './matrix.ts';
import { type Matrix, matrix } from './tensor.ts';

async function positiveDefinite(n: number, seed: number, ridge: number): Promise<Matrix> {
  const a = lcg(n, n, seed);
  const result = await multiply(a, a, { transposeB: true });
  for (let i = 0; i < n; i++) result.data[i * n + i]! += ridge;
  return result;
}

describe('cholesky', () => {
  it('equals LAPACK', async () => {
    const reference = readReference('cholesky.json') as {
      rows: number;
      seed: number;
      ridge: number;
      lower: number[][];
    };
    const lower = await cholesky(await positiveDefinite(reference.rows, reference.seed, reference.ridge));
    const expected = matrix(reference.rows, reference.rows, Float64Array.from(reference.lower.flat()));
    expect(distance(lower, expected)).toBeLessThan(1e-13);
  });

  it.each([1, 95, 96, 97, 210])('multiplies back to the matrix at n = %i', async (n) => {
    const a = await positiveDefinite(n, 1, 0.01);
    const lower = await cholesky(a);
    expect(distance(await multiply(lower, lower, { transposeB: true }), a)).toBeLessThan(1e-13);
    for (let i = 0; i < n; i++) {
      expect(lower.data[i * n + i]).toBeGreaterThan(0);
      for (let j = i + 1; j < n; j++) expect(lower.data[i * n + j]).toBe(0);
    }
  });

  it('factors leading blocks alike, so that every rank comes from one factor', async () => {
    const a = await positiveDefinite(150, 2, 0.01);
    const small = await cholesky(block(a, 0, 40, 0, 40));
    expect(distance(block(await cholesky(a), 0, 40, 0, 40), small)).toBeLessThan(1e-14);
  });

  it.each([3, 130])('names pivot %i when the matrix is not positive definite', async (pivot) => {
    const a = identity(140);
    a.data[pivot * 140 + pivot] = -2;
    const failure = await cholesky(a).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).code).toBe('not-positive-definite');
    expect((failure as UserError).message).toContain(`pivot ${pivot} of 140 is -2`);
  });

  it('refuses entries that are not numbers', async () => {
    const a = identity(3);
    a.data[4] = Number.NaN;
    await expect(cholesky(a)).rejects.toThrow('pivot 1 of 3 is NaN');
  });
});

describe('invertLower', () => {
  it.each([1, 96, 97, 230])('gives the inverse at n = %i', async (n) => {
    const lower = await cholesky(await positiveDefinite(n, 3, 0.1));
    const inverse = await invertLower(lower);
    expect(distance(await multiply(inverse, lower), identity(n))).toBeLessThan(1e-12);
    expect(distance(await multiply(lower, inverse), identity(n))).toBeLessThan(1e-12);
  });

  it('inverts leading blocks alike', async () => {
    const lower = await cholesky(await positiveDefinite(150, 4, 0.1));
    const small = await invertLower(block(lower, 0, 40, 0, 40));
    expect(distance(block(await invertLower(lower), 0, 40, 0, 40), small)).toBeLessThan(1e-13);
  });

  it('refuses a zero on the diagonal', async () => {
    await expect(invertLower(matrix(2, 2))).rejects.toThrow('no zero');
  });
});
