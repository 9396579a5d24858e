import { describe, expect, it } from 'vitest';
import { distance, lcg } from '../../test/reference/linear-algebra/reference.ts';
import { frobeniusNorm, fromFloat32, identity, leadingColumns, multiply, transpose } from './matrix.ts';
import { type Matrix, matrix } from './tensor.ts';

function naiveProduct(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.cols; j++) {
      let sum = 0;
      for (let k = 0; k < a.cols; k++) sum += a.data[i * a.cols + k]! * b.data[k * b.cols + j]!;
      result.data[i * b.cols + j] = sum;
    }
  }
  return result;
}

describe('multiply', () => {
  it.each([
    [1, 1, 1],
    [3, 5, 2],
    [7, 64, 9],
    [70, 131, 65],
  ])('equals the definition for %i×%i×%i, transposed operands too', async (m, k, n) => {
    const a = lcg(m, k, 1);
    const b = lcg(k, n, 2);
    const expected = naiveProduct(a, b);
    expect(distance(await multiply(a, b), expected)).toBeLessThan(1e-13);
    expect(distance(await multiply(transpose(a), b, { transposeA: true }), expected)).toBeLessThan(1e-13);
    expect(distance(await multiply(a, transpose(b), { transposeB: true }), expected)).toBeLessThan(1e-13);
  });

  it('refuses shapes that do not fit', async () => {
    await expect(multiply(matrix(2, 3), matrix(2, 3))).rejects.toThrow('product of 2×3 with 2×3');
  });
});

describe('elementary operations', () => {
  it('transpose across tile borders', () => {
    const a = lcg(67, 130, 3);
    const t = transpose(a);
    expect([t.rows, t.cols]).toEqual([130, 67]);
    expect(t.data[129 * 67 + 66]).toBe(a.data[66 * 130 + 129]);
    expect(t.data[5 * 67 + 65]).toBe(a.data[65 * 130 + 5]);
    expect(distance(transpose(t), a)).toBe(0);
  });

  it('identity and leading columns', () => {
    expect(Array.from(identity(2).data)).toEqual([1, 0, 0, 1]);
    const a = matrix(2, 3, Float64Array.of(1, 2, 3, 4, 5, 6));
    expect(Array.from(leadingColumns(a, 2).data)).toEqual([1, 2, 4, 5]);
  });

  it('the Frobenius norm at extreme scales', () => {
    expect(frobeniusNorm(matrix(1, 2, Float64Array.of(3e200, -4e200)))).toBeCloseTo(5e200, -188);
    expect(frobeniusNorm(matrix(1, 2, Float64Array.of(3e-200, 4e-200))) / 5e-200).toBeCloseTo(1, 14);
    expect(frobeniusNorm(matrix(2, 2))).toBe(0);
    expect(frobeniusNorm(matrix(1, 2, Float64Array.of(1, Number.NaN)))).toBeNaN();
  });

  it('float32 values exactly', () => {
    expect(Array.from(fromFloat32(1, 2, Float32Array.of(0.1, -2)).data)).toEqual([Math.fround(0.1), -2]);
  });
});
