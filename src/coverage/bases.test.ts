import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { energyByDefinition, fallingMatrix } from '../../test/support/frames.ts';
import { Cache } from '../checkpoint/index.ts';
import {
  createRng,
  identity,
  type Matrix,
  matrix,
  multiply,
  principalAngles,
  singularValues,
  svd,
  transpose,
} from '../numeric/index.ts';
import { BASES, type Basis } from '../record/index.ts';
import { BASIS_RULES, makeFrame } from './bases.ts';
import { leadingBlockSums } from './energies.ts';
import type { Frame } from './frame.ts';
import { naturalCurve, whitening } from './natural.ts';
import { ceilingEnergy, summarizeSpectra } from './spectrum.ts';

const cacheFolder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

const [M, N, RANK, RIDGE, TOKENS] = [14, 10, 5, 0.3, 40];
const layer = {
  name: 'layer',
  role: 'up',
  inFeatures: M,
  outFeatures: N,
  stored: 'in-out',
  bias: false,
} as const;
const rng = createRng(3);
const x = fallingMatrix(TOKENS, M, 0.85, rng);
const dy = fallingMatrix(TOKENS, N, 0.8, rng);
const weight = fallingMatrix(M, N, 0.9, rng);

async function moments() {
  const over = (a: Matrix) =>
    matrix(
      a.rows,
      a.cols,
      a.data.map((value) => value / TOKENS),
    );
  return {
    layer,
    gradient: over(await multiply(x, dy, { transposeA: true })),
    inputs: over(await multiply(x, x, { transposeA: true })),
    outputs: over(await multiply(dy, dy, { transposeA: true })),
  };
}

async function frameOf(basis: Basis, rank = RANK): Promise<Frame> {
  return makeFrame(
    BASIS_RULES[basis],
    {
      layer,
      weight: () => Float32Array.from(weight.data),
      cache: new Cache(cacheFolder, expect.unreachable),
      rng: createRng(11),
      moments,
      ridge: RIDGE,
      product: multiply,
    },
    rank,
  );
}

/** M + λ (tr M / size) I */
function ridged(moment: Matrix): Matrix {
  const size = moment.rows;
  const data = moment.data.slice();
  let trace = 0;
  for (let i = 0; i < size; i++) trace += data[i * size + i]!;
  for (let i = 0; i < size; i++) data[i * size + i]! += (RIDGE * trace) / size;
  return matrix(size, size, data);
}

/** frameᵀ (M + ridge) frame */
const inside = async (moment: Matrix, frame: Matrix): Promise<Matrix> =>
  multiply(frame, await multiply(ridged(moment), frame), { transposeA: true });

/** ν by its trace formula, for any columns U and V. */
async function traceFormula(u: Matrix, v: Matrix): Promise<number> {
  const { gradient, inputs, outputs } = await moments();
  const core = await multiply(await multiply(u, gradient, { transposeA: true }), v);
  const white = await whitening(await inside(inputs, u), await inside(outputs, v), multiply);
  return (await naturalCurve(core, white, multiply)).at(-1)!;
}

describe.each(BASES)('%s frames', (basis) => {
  it('are orthonormal, and nest: a narrow frame spans what the leading columns of a wide one span', async () => {
    const wide = await frameOf(basis);
    for (const side of [wide.u, wide.v]) {
      const gram = await multiply(side, side, { transposeA: true });
      gram.data.forEach((value, i) => {
        expect(value).toBeCloseTo(identity(RANK).data[i]!, 6);
      });
    }
    const narrow = await frameOf(basis, 3);
    for (const part of ['u', 'v'] as const) {
      const leading = matrix(
        wide[part].rows,
        3,
        Float64Array.from(
          { length: wide[part].rows * 3 },
          (_, i) => wide[part].data[Math.floor(i / 3) * RANK + (i % 3)]!,
        ),
      );
      for (const cosine of await principalAngles(leading, narrow[part])) expect(cosine).toBeCloseTo(1, 6);
    }
  });
});

describe('the ceiling', () => {
  it('is never exceeded, and a gradient basis judged on its own batch reaches it', async () => {
    const { gradient } = await moments();
    const summary = summarizeSpectra([await singularValues(gradient)]);
    for (const basis of BASES) {
      const { u, v } = await frameOf(basis);
      for (let rank = 1; rank <= RANK; rank++) {
        for (const family of ['core', 'left', 'right', 'factors', 'diagonal'] as const) {
          const energy = await energyByDefinition(family, gradient, u, v, rank);
          const ceiling = ceilingEnergy(family, summary, rank);
          expect(energy).toBeLessThanOrEqual(ceiling + 1e-9);
          const best =
            (basis === 'gradient' && family !== 'factors') ||
            (basis === 'gradient-lora-ga' && family === 'factors');
          if (best) expect(energy).toBeCloseTo(ceiling, 9);
        }
      }
    }
  });
});

describe('natural coverage', () => {
  it('by prefix sums equals the trace formula at every rank', async () => {
    const { u, v } = await frameOf('random');
    const { gradient, inputs, outputs } = await moments();
    for (let rank = 1; rank <= RANK; rank++) {
      const narrow = (a: Matrix) =>
        matrix(
          a.rows,
          rank,
          Float64Array.from(
            { length: a.rows * rank },
            (_, i) => a.data[Math.floor(i / rank) * RANK + (i % rank)]!,
          ),
        );
      const direct = await directTrace(narrow(u), narrow(v), gradient, inputs, outputs);
      expect(await traceFormula(narrow(u), narrow(v))).toBeCloseTo(direct, 10);
    }
  });

  it('does not change when the columns of the frames are mixed', async () => {
    const { u, v } = await frameOf('svd');
    const mix = fallingMatrix(RANK, RANK, 1, createRng(5));
    expect(await traceFormula(await multiply(u, mix), v)).toBeCloseTo(await traceFormula(u, v), 8);
    expect(await traceFormula(u, await multiply(v, mix))).toBeCloseTo(await traceFormula(u, v), 8);
  });

  it('is largest for natural frames, at every rank', async () => {
    for (let rank = 1; rank <= RANK; rank++) {
      const best = await frameOf('natural', rank);
      const largest = await traceFormula(best.u, best.v);
      for (const basis of BASES) {
        const { u, v } = await frameOf(basis, rank);
        expect(await traceFormula(u, v)).toBeLessThanOrEqual(largest + 1e-9);
      }
      // The sum of the squared singular values of the whitened gradient: no frames do better.
      const everything = await svd(await whitenedGradient());
      const bound = everything.s.slice(0, rank).reduce((sum, value) => sum + value * value, 0);
      expect(largest).toBeCloseTo(bound, 9);
    }
  });
});

async function whitenedGradient(): Promise<Matrix> {
  const { gradient, inputs, outputs } = await moments();
  const white = await whitening(ridged(inputs), ridged(outputs), multiply);
  return multiply(await multiply(white.inputs, gradient), white.outputs, { transposeB: true });
}

/** tr(A_P⁻¹ C B_P⁻¹ Cᵀ) with inverses by Gauss–Jordan elimination. */
async function directTrace(
  u: Matrix,
  v: Matrix,
  gradient: Matrix,
  inputs: Matrix,
  outputs: Matrix,
): Promise<number> {
  const core = await multiply(await multiply(u, gradient, { transposeA: true }), v);
  const left = await multiply(inverse(await inside(inputs, u)), core);
  const right = await multiply(inverse(await inside(outputs, v)), transpose(core));
  const product = await multiply(left, right);
  let trace = 0;
  for (let i = 0; i < product.rows; i++) trace += product.data[i * product.cols + i]!;
  return trace;
}

function inverse(a: Matrix): Matrix {
  const n = a.rows;
  const work = Array.from({ length: n }, (_, i) =>
    Array.from({ length: 2 * n }, (_, j) => (j < n ? a.data[i * n + j]! : Number(j - n === i))),
  );
  for (let pivot = 0; pivot < n; pivot++) {
    const factor = work[pivot]![pivot]!;
    work[pivot] = work[pivot]!.map((value) => value / factor);
    for (let row = 0; row < n; row++) {
      if (row === pivot) continue;
      const by = work[row]![pivot]!;
      work[row] = work[row]!.map((value, j) => value - by * work[pivot]![j]!);
    }
  }
  return matrix(n, n, Float64Array.from(work.flatMap((row) => row.slice(n))));
}

it('leading block sums add every block once', () => {
  expect([...leadingBlockSums([1, 2, 3, 4], [1, 1, 1, 1], 2)]).toEqual([1, 10]);
});
