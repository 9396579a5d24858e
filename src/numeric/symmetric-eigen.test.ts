import { describe, expect, it } from 'vitest';
import {
  distance,
  lcg,
  orthogonalityError,
  readReference,
  scaleColumns,
} from '../../test/reference/linear-algebra/reference.ts';
import { identity, multiply } from './matrix.ts';
import { orthonormalize } from './qr.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
import { type Matrix, matrix } from './tensor.ts';

function symmetricLcg(n: number, seed: number): Matrix {
  const a = lcg(n, n, seed);
  return matrix(
    n,
    n,
    a.data.map((value, i) => value + a.data[(i % n) * n + Math.floor(i / n)]!),
  );
}

async function withEigenvalues(values: readonly number[], seed: number): Promise<Matrix> {
  const q = await orthonormalize(lcg(values.length, values.length, seed));
  return multiply(scaleColumns(q, values), q, { transposeB: true });
}

/** max |A z − λ z| over all pairs, relative to the largest |λ|. */
async function residual(a: Matrix, values: Float64Array, vectors: Matrix): Promise<number> {
  const norm = Math.max(...values.map(Math.abs));
  return distance(await multiply(a, vectors), scaleColumns(vectors, values)) / norm;
}

/** Tridiagonal with this diagonal and ones beside it. */
function tridiagonalOnes(diagonal: readonly number[], coupling = 1): Matrix {
  const n = diagonal.length;
  const a = matrix(n, n);
  diagonal.forEach((value, i) => {
    a.data[i * n + i] = value;
    if (i > 0) a.data[i * n + i - 1] = a.data[(i - 1) * n + i] = coupling;
  });
  return a;
}

const cases = readReference('eigen.json') as { rows: number; seed: number; values: number[] }[];

describe('symmetricEigen', () => {
  it.each(cases)('equals LAPACK at n = $rows', async ({ rows, seed, values }) => {
    const a = symmetricLcg(rows, seed);
    const found = await symmetricEigen(a);
    const norm = Math.max(...values.map(Math.abs));
    found.values.forEach((value, i) => {
      expect(Math.abs(value - values[i]!) / norm).toBeLessThan(1e-14);
    });
    expect(await orthogonalityError(found.vectors)).toBeLessThan(1e-13);
    expect(await residual(a, found.values, found.vectors)).toBeLessThan(1e-13);
  });

  const wilkinson = Array.from({ length: 41 }, (_, i) => Math.abs(i - 20));
  const clustered: [string, () => Promise<Matrix> | Matrix][] = [
    ['the identity', () => identity(90)],
    ['zero', () => matrix(20, 20)],
    [
      'two values',
      () =>
        withEigenvalues(
          Array.from({ length: 60 }, (_, i) => (i < 25 ? 3 : -1)),
          1,
        ),
    ],
    [
      'gaps of 1e-13',
      () =>
        withEigenvalues(
          Array.from({ length: 60 }, (_, i) => 1 + i * 1e-13),
          2,
        ),
    ],
    [
      'gaps of 1e-9',
      () =>
        withEigenvalues(
          Array.from({ length: 60 }, (_, i) => 1 + i * 1e-9),
          3,
        ),
    ],
    [
      'mixed gaps',
      () =>
        withEigenvalues(
          Array.from({ length: 70 }, (_, i) => 1 + 10 ** (-i / 4)),
          4,
        ),
    ],
    [
      'eighteen decades',
      () =>
        withEigenvalues(
          Array.from({ length: 73 }, (_, i) => 10 ** (-i / 4)),
          5,
        ),
    ],
    ['Wilkinson W41', () => tridiagonalOnes(wilkinson)],
    ['glued Wilkinson', () => tridiagonalOnes([...wilkinson, ...wilkinson, ...wilkinson], 1)],
    ['second differences', () => tridiagonalOnes(new Array(100).fill(-2))],
  ];
  it.each(clustered)('has orthonormal vectors and small residuals for %s', async (_, make) => {
    const a = await make();
    const { values, vectors } = await symmetricEigen(a);
    expect(await orthogonalityError(vectors)).toBeLessThan(1e-13);
    if (values.some((value) => value !== 0)) expect(await residual(a, values, vectors)).toBeLessThan(1e-13);
  });

  it('takes the leading pairs on demand, each with its largest entry positive', async () => {
    const a = symmetricLcg(50, 6);
    const all = await symmetricEigen(a);
    const some = await symmetricEigen(a, { rank: 7 });
    expect(some.vectors.cols).toBe(7);
    for (let j = 0; j < 7; j++) {
      const column = Array.from({ length: 50 }, (_, i) => some.vectors.data[i * 7 + j]!);
      expect(Math.max(...column)).toBe(Math.max(...column.map(Math.abs)));
      column.forEach((value, i) => {
        expect(Math.abs(value - all.vectors.data[i * 50 + j]!)).toBeLessThan(1e-12);
      });
    }
  });

  it('scales without loss to 1e-250 and 1e250', async () => {
    const a = symmetricLcg(20, 7);
    const plain = await symmetricEigen(a);
    for (const scale of [2 ** -830, 2 ** 830]) {
      const scaled = await symmetricEigen(
        matrix(
          20,
          20,
          a.data.map((value) => value * scale),
        ),
      );
      expect(Array.from(scaled.values, (value) => value / scale)).toEqual(Array.from(plain.values));
      expect(distance(scaled.vectors, plain.vectors)).toBe(0);
    }
  });
});
