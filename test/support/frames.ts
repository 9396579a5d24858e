/** Energies straight from their definitions, with whole projectors: the slow way, for tests. */

import type { Rng } from '../../src/numeric/index.ts';
import { frobeniusNorm, leadingColumns, type Matrix, matrix, multiply } from '../../src/numeric/index.ts';
import type { Family } from '../../src/record/index.ts';

/** A matrix of independent normal numbers whose column j is scaled by decay^j, so that its spectrum falls. */
export function fallingMatrix(rows: number, cols: number, decay: number, rng: Rng): Matrix {
  const data = Float64Array.from({ length: rows * cols }, (_, i) => rng.normal() * decay ** (i % cols));
  return matrix(rows, cols, data);
}

/** ‖P G‖² / ‖G‖² for the projector P of a family on leading columns of U [m, K] and V [n, K]. */
export async function energyByDefinition(family: Family, g: Matrix, u: Matrix, v: Matrix, rank: number) {
  const projected = await project(family, g, leadingColumns(u, rank), leadingColumns(v, rank));
  return (frobeniusNorm(projected) / frobeniusNorm(g)) ** 2;
}

async function project(family: Family, g: Matrix, u: Matrix, v: Matrix): Promise<Matrix> {
  const left = await multiply(await multiply(u, u, { transposeB: true }), g);
  const onRight = async (x: Matrix) => multiply(x, await multiply(v, v, { transposeB: true }));
  if (family === 'left') return left;
  if (family === 'right') return onRight(g);
  if (family === 'core') return onRight(left);
  if (family === 'factors') {
    // G − (I − UUᵀ) G (I − VVᵀ)
    const rest = combine(g, left, -1);
    return combine(g, combine(rest, await onRight(rest), -1), -1);
  }
  const c = await multiply(await multiply(u, g, { transposeA: true }), v);
  const scaled = matrix(
    u.rows,
    u.cols,
    u.data.map((value, i) => value * c.data[(i % u.cols) * c.cols + (i % u.cols)]!),
  );
  return multiply(scaled, v, { transposeB: true });
}

const combine = (a: Matrix, b: Matrix, factor: number): Matrix =>
  matrix(
    a.rows,
    a.cols,
    a.data.map((value, i) => value + factor * b.data[i]!),
  );
