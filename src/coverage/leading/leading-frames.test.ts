/** Leading directions from the engine against whole float64 decompositions. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  createRng,
  float32,
  haarFrame,
  identity,
  type Matrix,
  matrix,
  multiply,
  type Rng,
  svd,
  transpose,
} from '../../numeric/index.ts';
import { createOnnxEngine } from '../../runtime/index.ts';
import { naturalCurve, whitening } from '../natural.ts';
import { LeadingFrames } from './leading-frames.ts';
import { blockSize, isLeading, LeadingTriplesSolver } from './leading-triples.ts';

const engine = createOnnxEngine({ threads: 2 });
const frames = new LeadingFrames(engine);
const solver = new LeadingTriplesSolver(engine, frames);
afterAll(async () => {
  await frames.release();
  await engine.close();
});

const RANK = 24;
const [M, N] = [120, 200];
const held = (a: Matrix) => engine.keep(float32([a.rows, a.cols], a.data));

/** [m, n] with these singular values. */
async function withValues(m: number, n: number, value: (i: number) => number, seed = 1): Promise<Matrix> {
  const short = Math.min(m, n);
  const rng = createRng(seed);
  const u = await haarFrame(m, short, rng.fork('u'));
  const v = await haarFrame(n, short, rng.fork('v'));
  const scaled = matrix(
    m,
    short,
    u.data.map((entry, at) => entry * value(at % short)),
  );
  return multiply(scaled, v, { transposeB: true });
}

const gaussian = (m: number, n: number, rng: Rng) =>
  matrix(
    m,
    n,
    Float64Array.from({ length: m * n }, () => rng.normal()),
  );

/** Σ over the leading k columns of ‖aᵀu‖², at k = 1 … . */
async function captured(a: Matrix, u: Matrix): Promise<number[]> {
  const images = await multiply(a, u, { transposeA: true });
  let sum = 0;
  return Array.from({ length: u.cols }, (_, j) => {
    for (let i = 0; i < images.rows; i++) sum += images.data[i * images.cols + j]! ** 2;
    return sum;
  });
}

async function expectOrthonormal(a: Matrix): Promise<void> {
  const gram = await multiply(a, a, { transposeA: true });
  const { data } = identity(a.cols);
  for (const [i, value] of gram.data.entries()) expect(Math.abs(value - data[i]!)).toBeLessThan(1e-9);
}

const SPECTRA: Readonly<Record<string, (i: number) => number>> = {
  'fast decay': (i) => 0.8 ** i,
  'slow decay': (i) => 1 / (1 + 0.01 * i),
  'slower than any gap': (i) => 1 - 1e-4 * i,
  'one outlier over a slow decay': (i) => (i === 0 ? 1000 : 1 / (1 + 0.02 * i)),
  'three clusters': (i) => (i < 10 ? 3 : i < 60 ? 2 : 1),
  'a cluster across the rank': (i) => (i < 20 ? 2 : i < 28 ? 1.5 : 0.5),
  'equal values': () => 2,
  'a step below the rank': (i) => (i < 8 ? 1 : 1e-3),
  'a steep decay': (i) => 10 ** (-i / 8),
  tiny: (i) => 1e-12 * 0.9 ** i,
  huge: (i) => 1e12 * 0.9 ** i,
};

describe.each(Object.entries(SPECTRA))('%s', (_name, value) => {
  it.each([
    [M, N],
    [N, M],
    [M, M],
  ])('%i×%i: the leading directions hold the energy that exact ones hold, at every rank', async (m, n) => {
    const a = await withValues(m, n, value);
    const resident = await held(a);
    const found = await solver.find(resident, RANK);
    await resident.release();
    expect(found).toBeDefined();
    const exact = await svd(a, { rank: RANK });
    const best = await captured(a, exact.u);
    for (const mine of [await captured(a, found!.u), await captured(transpose(a), found!.v)]) {
      mine.forEach((energy, k) => {
        expect(Math.abs(energy / best[k]! - 1)).toBeLessThan(1e-4);
      });
    }
    found!.s.forEach((length, i) => {
      expect(Math.abs(length / exact.s[0]! - exact.s[i]! / exact.s[0]!)).toBeLessThan(5e-3);
    });
    await expectOrthonormal(found!.u);
    await expectOrthonormal(found!.v);
  });
});

describe('matrices that float32 does not resolve', () => {
  it.each([
    ['zero', () => matrix(M, N)],
    ['not finite', () => matrix(M, N, new Float64Array(M * N).fill(Number.NaN))],
  ])('%s: left to the exact decomposition', async (_name, make) => {
    const resident = await held(make());
    expect(await solver.find(resident, RANK)).toBeUndefined();
    await resident.release();
  });

  it.each([1, 3, RANK - 1])('rank %i: left to it, or as good', async (rank) => {
    const a = await withValues(M, N, (i) => (i < rank ? 1 : 0));
    const resident = await held(a);
    const found = await solver.find(resident, RANK);
    await resident.release();
    if (found === undefined) return;
    expect((await captured(a, found.u)).at(-1)!).toBeCloseTo(rank, 4);
    await expectOrthonormal(found.u);
    await expectOrthonormal(found.v);
  });
});

it('the identity is found at once', async () => {
  const resident = await held(identity(M));
  const found = await solver.find(resident, RANK);
  await resident.release();
  expect((await captured(identity(M), found!.u)).at(-1)!).toBeCloseTo(RANK, 4);
});

it('the same matrix has the same directions, bit for bit, whatever was found before', async () => {
  const [a, other] = [
    await withValues(M, N, SPECTRA['slow decay']!, 5),
    await withValues(M, N, SPECTRA.tiny!, 6),
  ];
  const find = async (of: Matrix) => {
    const resident = await held(of);
    const found = await solver.find(resident, RANK);
    await resident.release();
    return found!;
  };
  const first = await find(a);
  const [, second] = await Promise.all([find(other), find(a)]);
  expect(second).toEqual(first);
});

it('takes the engine only for a few columns of many', () => {
  expect(isLeading(64, 576, 1536)).toBe(true);
  expect(isLeading(64, 1536, 192)).toBe(true);
  expect(isLeading(256, 576, 576)).toBe(false);
  expect(isLeading(64, 128, 576)).toBe(false);
  expect(blockSize(64)).toBeGreaterThan(64);
});

describe('natural frames', () => {
  const ridge = 0.3;
  const layerOf = (m: number, n: number) =>
    ({ name: 'layer', role: 'up', inFeatures: m, outFeatures: n, stored: 'in-out', bias: false }) as const;

  /** Moments of tokens whose outputs follow inputs in a few directions, with the spread that real ones have. */
  async function moments(m: number, n: number) {
    const rng = createRng(9);
    const tokens = 600;
    const spread = (i: number, size: number) => 1 / (1 + (8 * i) / size);
    const x = gaussian(tokens, m, rng);
    const d = gaussian(tokens, n, rng);
    for (let t = 0; t < tokens; t++) {
      for (let j = 0; j < 16; j++) d.data[t * n + j]! += (1.5 - j / 16) * x.data[t * m + j]!;
      for (let i = 0; i < m; i++) x.data[t * m + i]! *= spread(i, m);
      for (let i = 0; i < n; i++) d.data[t * n + i]! *= spread(i, n);
    }
    const over = async (a: Matrix, b: Matrix) => {
      const product = await engine.matmul(a, b, { transposeA: true });
      return matrix(
        product.rows,
        product.cols,
        product.data.map((value) => value / tokens),
      );
    };
    return { gradient: await over(x, d), inputs: await over(x, x), outputs: await over(d, d) };
  }

  const ridged = (a: Matrix) => {
    let trace = 0;
    for (let i = 0; i < a.rows; i++) trace += a.data[i * a.rows + i]!;
    return matrix(
      a.rows,
      a.rows,
      a.data.map((value, at) => value + (at % (a.rows + 1) === 0 ? (ridge * trace) / a.rows : 0)),
    );
  };

  it.each([
    [100, 250],
    [250, 100],
    [96, 192],
  ])('%i×%i: ν at every rank as of the exact whitening', async (m, n) => {
    const { gradient, inputs, outputs } = await moments(m, n);
    const all = {
      layer: layerOf(m, n),
      gradient: await held(gradient),
      inputs: await held(inputs),
      outputs: await held(outputs),
    };
    const frame = (await frames.natural(all, ridge, RANK))!;
    await expectOrthonormal(frame.u);
    await expectOrthonormal(frame.v);
    const product = engine.matmul;
    const inside = async (moment: Matrix, side: Matrix) =>
      product(side, await product(ridged(moment), side), { transposeA: true });
    const core = await product(await product(frame.u, gradient, { transposeA: true }), frame.v);
    const white = await whitening(await inside(inputs, frame.u), await inside(outputs, frame.v), product);
    const curve = await naturalCurve(core, white, product);

    const both = await whitening(ridged(inputs), ridged(outputs), product);
    const whole = await product(await product(both.inputs, gradient), both.outputs, { transposeB: true });
    let best = 0;
    const { s } = await svd(whole, { product });
    for (let rank = 1; rank <= RANK; rank++) {
      best += s[rank - 1]! ** 2;
      expect(Math.abs(curve[rank - 1]! / best - 1)).toBeLessThan(1e-4);
    }
    for (const resident of [all.gradient, all.inputs, all.outputs]) await resident.release();
  });

  it('are left to the exact way where a layer has no gradient', async () => {
    const zero = async (rows: number, cols: number) => held(matrix(rows, cols));
    const all = {
      layer: layerOf(M, N),
      gradient: await zero(M, N),
      inputs: await zero(M, M),
      outputs: await zero(N, N),
    };
    expect(await frames.natural(all, ridge, RANK)).toBeUndefined();
  });
});
