/** Eigenvalues and eigenvectors of symmetric tridiagonal matrices whose entries are of order 1. */
import { invariant } from '../errors/index.ts';
import type { Matrix } from './tensor.ts';

const EPSILON = 2 ** -52;
const MAX_SWEEPS = 60;

/** All eigenvalues, descending, by implicit QL with Wilkinson's shift; errors are of order ε‖T‖. */
export function tridiagonalValues(diagonal: Float64Array, offDiagonal: Float64Array): Float64Array {
  const n = diagonal.length;
  // QL is quick where small entries come first; the Householder reduction leaves them last.
  const d = diagonal.toReversed();
  const e = new Float64Array(n);
  for (let i = 0; i < n - 1; i++) e[i] = offDiagonal[n - 2 - i]!;
  const negligible = 0.1 * EPSILON * normOf(diagonal, offDiagonal);

  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > negligible) m++;
      if (m === l) break;
      invariant(sweep < MAX_SWEEPS, `QL found eigenvalue ${l} of ${n} in no ${MAX_SWEEPS} sweeps`);
      qlSweep(d, e, l, m);
    }
  }
  return d.sort().reverse();
}

/** One implicit QL sweep over the unreduced block l … m (Golub & Van Loan, §8.3; EISPACK's tql1). */
function qlSweep(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const half = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const root = Math.sqrt(half * half + 1);
  let g = d[m]! - d[l]! + e[l]! / (half + (half >= 0 ? root : -root));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const radius = Math.sqrt(f * f + g * g);
    e[i + 1] = radius;
    if (radius === 0) {
      // The block has split here.
      d[i + 1]! -= shift;
      e[m] = 0;
      return;
    }
    sine = f / radius;
    cosine = g / radius;
    g = d[i + 1]! - shift;
    const s = (d[i]! - g) * sine + 2 * cosine * b;
    shift = sine * s;
    d[i + 1] = g + shift;
    g = cosine * s - b;
  }
  d[l]! -= shift;
  e[l] = g;
  e[m] = 0;
}

/**
 * Inverse iteration on the rows of `z` [values.length, n], in place, for consecutive eigenvalues in descending
 * order. The rows come out with length 1, each an eigenvector as far as ε allows, and orthogonal only as far as
 * ε / gap.
 */
export function inverseIteration(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  values: Float64Array,
  z: Matrix,
  iterations: number,
): void {
  const n = diagonal.length;
  const smallest = EPSILON * (normOf(diagonal, offDiagonal) || 1);
  const factors = shiftedFactors(n);
  let shift = Number.POSITIVE_INFINITY;
  values.forEach((value, k) => {
    // Equal values get slightly different shifts, so that each has a factorisation of its own.
    shift = Math.min(value, shift - 10 * smallest);
    factorShifted(factors, diagonal, offDiagonal, shift, smallest);
    const vector = z.data.subarray(k * n, (k + 1) * n);
    for (let iteration = 0; iteration < iterations; iteration++) {
      solveLower(factors, vector);
      solveUpper(factors, vector);
      scaleToUnit(vector);
    }
  });
}

/** P (T − shift·I) = L U with partial pivoting: U has three diagonals, L one multiplier per row. */
interface ShiftedFactors {
  readonly upper0: Float64Array;
  readonly upper1: Float64Array;
  readonly upper2: Float64Array;
  readonly multiplier: Float64Array;
  readonly swapped: Uint8Array;
}

function shiftedFactors(n: number): ShiftedFactors {
  return {
    upper0: new Float64Array(n),
    upper1: new Float64Array(n),
    upper2: new Float64Array(n),
    multiplier: new Float64Array(n),
    swapped: new Uint8Array(n),
  };
}

function factorShifted(
  { upper0, upper1, upper2, multiplier, swapped }: ShiftedFactors,
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  shift: number,
  smallest: number,
): void {
  const n = diagonal.length;
  let pivot = diagonal[0]! - shift;
  let beside = offDiagonal[0]!;
  for (let i = 0; i < n - 1; i++) {
    const below = offDiagonal[i]!;
    const next = diagonal[i + 1]! - shift;
    const nextBeside = offDiagonal[i + 1]!;
    const swap = Math.abs(below) > Math.abs(pivot);
    swapped[i] = swap ? 1 : 0;
    if (swap) {
      const ratio = pivot / below;
      multiplier[i] = ratio;
      upper0[i] = below;
      upper1[i] = next;
      upper2[i] = nextBeside;
      pivot = beside - ratio * next;
      beside = -ratio * nextBeside;
    } else {
      const ratio = pivot === 0 ? 0 : below / pivot;
      multiplier[i] = ratio;
      upper0[i] = pivot;
      upper1[i] = beside;
      upper2[i] = 0;
      pivot = next - ratio * beside;
      beside = nextBeside;
    }
  }
  upper0[n - 1] = pivot;
  // A pivot that vanishes is what makes inverse iteration work; it must only not be zero.
  for (let i = 0; i < n; i++) {
    if (Math.abs(upper0[i]!) < smallest) upper0[i] = upper0[i]! < 0 ? -smallest : smallest;
  }
}

function solveLower({ multiplier, swapped }: ShiftedFactors, z: Float64Array): void {
  for (let i = 0; i < z.length - 1; i++) {
    if (swapped[i] === 1) {
      const kept = z[i]!;
      z[i] = z[i + 1]!;
      z[i + 1] = kept - multiplier[i]! * z[i + 1]!;
    } else {
      z[i + 1]! -= multiplier[i]! * z[i]!;
    }
  }
}

function solveUpper({ upper0, upper1, upper2 }: ShiftedFactors, z: Float64Array): void {
  const n = z.length;
  const tooLarge = 1e100;
  let after = 0;
  let afterThat = 0;
  for (let i = n - 1; i >= 0; i--) {
    const value = (z[i]! - upper1[i]! * after - upper2[i]! * afterThat) / upper0[i]!;
    z[i] = value;
    afterThat = after;
    after = value;
    if (Math.abs(value) > tooLarge) {
      for (let j = 0; j < n; j++) z[j]! /= tooLarge;
      after /= tooLarge;
      afterThat /= tooLarge;
    }
  }
}

function scaleToUnit(z: Float64Array): void {
  let square = 0;
  for (let i = 0; i < z.length; i++) square += z[i]! * z[i]!;
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < z.length; i++) z[i]! *= scale;
}

/** The largest row sum of magnitudes. */
function normOf(diagonal: Float64Array, offDiagonal: Float64Array): number {
  let norm = 0;
  for (let i = 0; i < diagonal.length; i++) {
    const before = i === 0 ? 0 : Math.abs(offDiagonal[i - 1]!);
    norm = Math.max(norm, before + Math.abs(diagonal[i]!) + Math.abs(offDiagonal[i]!));
  }
  return norm;
}
