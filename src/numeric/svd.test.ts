import { describe, expect, it } from 'vitest';
import {
  decaying,
  distance,
  lcg,
  lowRank,
  orthogonalityError,
  readReference,
  scaleColumns,
} from '../../test/reference/linear-algebra/reference.ts';
import { frobeniusNorm, identity, leadingColumns, multiply, transpose } from './matrix.ts';
import { orthonormalize } from './qr.ts';
import { gramSingularValues, singularValues } from './singular-values.ts';
import { type SingularValueDecomposition, svd } from './svd.ts';
import { type Matrix, matrix } from './tensor.ts';

interface Case {
  readonly name: string;
  readonly kind: 'lcg' | 'low-rank' | 'decaying';
  readonly rows: number;
  readonly cols: number;
  readonly seed: number;
  readonly rank?: number;
  readonly decades?: number;
  readonly singularValues: readonly number[];
  readonly leadingU?: readonly (readonly number[])[];
  readonly leadingV?: readonly (readonly number[])[];
}

const cases = readReference('svd.json') as readonly Case[];

function build({ kind, rows, cols, seed, rank, decades }: Case): Matrix {
  if (kind === 'low-rank') return lowRank(rows, cols, rank!, seed);
  return kind === 'decaying' ? decaying(rows, cols, seed, decades!) : lcg(rows, cols, seed);
}

/** max |a − u s vᵀ| relative to ‖a‖_F (to 1 for zero). */
async function reconstructionError(a: Matrix, { u, s, v }: SingularValueDecomposition): Promise<number> {
  const product = await multiply(scaleColumns(u, s), v, { transposeB: true });
  return distance(product, a) / (frobeniusNorm(a) || 1);
}

function expectClose(found: Float64Array, expected: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance * expected[0]!);
  });
}

describe('svd', () => {
  it.each(cases)('equals LAPACK on $name', async (reference) => {
    const a = build(reference);
    const found = await svd(a);
    expectClose(found.s, reference.singularValues, 1e-13);
    expect(await orthogonalityError(found.u)).toBeLessThan(1e-13);
    expect(await orthogonalityError(found.v)).toBeLessThan(1e-13);
    expect(await reconstructionError(a, found)).toBeLessThan(1e-13);

    for (const [vectors, side] of [
      [reference.leadingU ?? [], found.u],
      [reference.leadingV ?? [], found.v],
    ] as const) {
      vectors.forEach((expected, j) => {
        const dot = expected.reduce((sum, value, i) => sum + value * side.data[i * side.cols + j]!, 0);
        expect(Math.abs(Math.abs(dot) - 1)).toBeLessThan(1e-12);
      });
    }
  });

  const special: [string, () => Matrix | Promise<Matrix>, number[]][] = [
    ['the identity', () => identity(40), new Array(40).fill(1)],
    ['zero', () => matrix(12, 7), new Array(7).fill(0)],
    ['a single zero', () => matrix(1, 1), [0]],
    ['a negative number', () => matrix(1, 1, Float64Array.of(-3)), [3]],
    ['one entry', () => matrix(3, 50, new Float64Array(150).fill(0).with(60, -5)), [5, 0, 0]],
    [
      'a clustered spectrum',
      () =>
        withSpectrum(
          60,
          90,
          Array.from({ length: 60 }, (_, i) => (i < 30 ? 2 : i < 50 ? 1 : 1e-6)),
        ),
      Array.from({ length: 60 }, (_, i) => (i < 30 ? 2 : i < 50 ? 1 : 1e-6)),
    ],
    [
      'a spectrum with cliffs to 1e-12',
      () =>
        withSpectrum(
          80,
          40,
          Array.from({ length: 40 }, (_, i) => 10 ** (-4 * Math.floor(i / 10))),
        ),
      Array.from({ length: 40 }, (_, i) => 10 ** (-4 * Math.floor(i / 10))),
    ],
    [
      'one huge direction',
      () =>
        withSpectrum(
          50,
          50,
          Array.from({ length: 50 }, (_, i) => (i === 0 ? 1e4 : 1 - i / 100)),
        ),
      Array.from({ length: 50 }, (_, i) => (i === 0 ? 1e4 : 1 - i / 100)),
    ],
  ];
  it.each(special)('is exact for %s', async (_, make, expected) => {
    const a = await make();
    const found = await svd(a);
    expectClose(found.s, expected, 1e-14);
    expect(await orthogonalityError(found.u)).toBeLessThan(1e-13);
    expect(await orthogonalityError(found.v)).toBeLessThan(1e-13);
    expect(await reconstructionError(a, found)).toBeLessThan(1e-13);
  });

  it.each([
    ['a flat spectrum', lcg(50, 80, 1), 12],
    ['a graded one, past what the Gram matrix resolves', decaying(70, 50, 2, 10), 33],
    ['rank below what is asked for', lowRank(60, 45, 5, 3), 20],
  ])('truncates %s to the leading triples', async (_, a, rank) => {
    const full = await svd(a);
    const part = await svd(a, { rank });
    expectClose(part.s, full.s.subarray(0, rank), 1e-14);
    expect([part.u.rows, part.u.cols, part.v.rows, part.v.cols]).toEqual([a.rows, rank, a.cols, rank]);
    expect(await orthogonalityError(part.u)).toBeLessThan(1e-13);
    expect(await orthogonalityError(part.v)).toBeLessThan(1e-13);
    // Eckart–Young: what is left is exactly the tail of the spectrum.
    const kept = await multiply(scaleColumns(part.u, part.s), part.v, { transposeB: true });
    const left = matrix(
      a.rows,
      a.cols,
      a.data.map((value, i) => value - kept.data[i]!),
    );
    const tail = Math.hypot(...full.s.subarray(rank));
    expect(Math.abs(frobeniusNorm(left) - tail) / full.s[0]!).toBeLessThan(1e-13);
  });

  it('has a fixed choice of signs: the largest entry of each u is positive', async () => {
    for (const a of [lcg(30, 12, 4), lcg(12, 30, 4)]) {
      const { u } = await svd(a);
      const negated = await svd(
        matrix(
          a.rows,
          a.cols,
          a.data.map((value) => -value),
        ),
      );
      expect(distance(negated.u, u)).toBeLessThan(1e-13);
      for (let j = 0; j < u.cols; j++) {
        const column = Array.from({ length: u.rows }, (_, i) => u.data[i * u.cols + j]!);
        expect(Math.max(...column)).toBe(Math.max(...column.map(Math.abs)));
      }
    }
  });

  it('scales without loss', async () => {
    const a = decaying(20, 15, 5, 5);
    const plain = await svd(a);
    for (const scale of [2 ** -600, 2 ** 600]) {
      const scaled = await svd(
        matrix(
          20,
          15,
          a.data.map((value) => value * scale),
        ),
      );
      expect(Array.from(scaled.s, (value) => value / scale)).toEqual(Array.from(plain.s));
      expect(distance(scaled.v, plain.v)).toBe(0);
    }
  });

  it('refuses a rank above the short side and entries that are not finite', async () => {
    await expect(svd(matrix(3, 5), { rank: 4 })).rejects.toThrow('4 singular vectors of a 3×5 matrix');
    await expect(svd(matrix(1, 1, Float64Array.of(Number.NaN)))).rejects.toThrow('not finite');
  });
});

describe('singularValues', () => {
  it.each(cases)('equals LAPACK on $name', async (reference) => {
    expectClose(await singularValues(build(reference)), reference.singularValues, 1e-12);
  });

  it('is zero for zero and for what rounding hides', async () => {
    expect(Array.from(await singularValues(matrix(3, 4)))).toEqual([0, 0, 0]);
    const values = await singularValues(lowRank(60, 75, 12, 8));
    expect(values[11]).toBeGreaterThan(0.1);
    expect(Array.from(values.subarray(12))).toEqual(new Array(48).fill(0));
  });

  it('does not depend on the orientation', async () => {
    const a = lcg(20, 33, 9);
    expectClose(await singularValues(transpose(a)), await singularValues(a), 1e-14);
  });
});

/** A matrix [rows, cols] of known singular values. */
async function withSpectrum(rows: number, cols: number, values: readonly number[]): Promise<Matrix> {
  const u = leadingColumns(await orthonormalize(lcg(rows, rows, 50)), values.length);
  const v = leadingColumns(await orthonormalize(lcg(cols, cols, 51)), values.length);
  return multiply(scaleColumns(u, values), v, { transposeB: true });
}

describe('gramSingularValues', () => {
  it('agrees with the exact values within 1e-7 of the largest, wide and tall', async () => {
    const a = lowRank(60, 75, 12, 8);
    const exact = await singularValues(a);
    for (const side of [a, transpose(a)]) {
      const values = await gramSingularValues(side);
      expect(values.length).toBe(60);
      values.forEach((value, i) => {
        expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-7 * exact[0]!);
      });
    }
  });
});
