/** The oracle itself, against numbers worked out by hand or by another formula. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as g from '../../graph/index.ts';
import { float32, int64, type Tensor, tensor } from '../../numeric/index.ts';
import { createReferenceEngine } from './reference-engine.ts';

/** Results of a graph over constants, as numbers. */
async function evaluate(build: (graph: g.Graph) => g.Value | g.Value[]): Promise<number[][]> {
  const graph = new g.Graph();
  [build(graph)].flat().forEach((value, index) => {
    graph.output(`${index}`, value);
  });
  const results = await (await createReferenceEngine().load(graph)).run({});
  return Object.values(results).map(({ data }) => Array.from(data, Number));
}

const closeTo = (got: readonly number[] | undefined, expected: readonly number[], digits = 12) => {
  expect(got).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(got![i]).toBeCloseTo(value, digits);
  });
};

/** Independent of the kernels: mean 2, variance 2/3 for [1, 2, 3]. */
const S = 1 / Math.sqrt(2 / 3 + 0.5);

describe('reference kernels', () => {
  it('softmax and log-sum-exp of logarithms are quotients and sums, and do not overflow', async () => {
    const logs = [1, 2, 5].map((x) => Math.log(x));
    const [weights, total, shifted] = await evaluate((graph) => {
      const x = graph.constant(tensor('float64', [1, 3], Float64Array.from(logs)));
      const far = graph.constant(
        tensor(
          'float64',
          [1, 3],
          Float64Array.from(logs, (x) => x + 800),
        ),
      );
      return [g.softmax(x), g.reduceLogSumExp(x, [-1]), g.reduceLogSumExp(far, [-1])];
    });
    closeTo(weights, [1 / 8, 2 / 8, 5 / 8]);
    closeTo(total, [Math.log(8)]);
    closeTo(shifted, [Math.log(8) + 800]);
  });

  it('layer normalization', async () => {
    const [y, mean, s] = await evaluate((graph) => {
      const x = graph.constant(float32([1, 3], [1, 2, 3]));
      const [gain, bias] = [float32([3], [1, 2, 4]), float32([3], [0, 1, -1])].map((t) => graph.constant(t));
      return graph.apply(g.LayerNormalization, [x, gain!, bias!], { epsilon: 0.5 });
    });
    closeTo(y, [-S, 1, 4 * S - 1]);
    closeTo(mean, [2]);
    closeTo(s, [S]);
  });

  it('root-mean-square normalization', async () => {
    const [y, s] = await evaluate((graph) => {
      const [x, gain] = [float32([1, 2], [3, 4]), float32([2], [1, 10])].map((t) => graph.constant(t));
      return graph.apply(g.SimplifiedLayerNormalization, [x!, gain!], { epsilon: 0 });
    });
    closeTo(s, [1 / Math.sqrt(12.5)]);
    closeTo(y, [3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5)]);
  });

  it('rotary embedding turns pairs (i, i + half) by the angle of their token', async () => {
    const angles = [0, 0, 0.3, 0.1];
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const [y] = await evaluate((graph) => {
      const doubles = (shape: number[], data: number[]) =>
        graph.constant(tensor('float64', shape, Float64Array.from(data)));
      return g.rotaryEmbedding(
        doubles([1, 1, 2, 4], values),
        doubles([2, 2], angles.map(Math.cos)),
        doubles([2, 2], angles.map(Math.sin)),
      );
    });
    // (a + ib) e^(iθ) for the pairs (5, 7) at 0.3 and (6, 8) at 0.1.
    const turn = (a: number, b: number, angle: number) => {
      const phase = Math.atan2(b, a) + angle;
      return [Math.hypot(a, b) * Math.cos(phase), Math.hypot(a, b) * Math.sin(phase)] as const;
    };
    const [first, second] = [turn(5, 7, 0.3), turn(6, 8, 0.1)];
    closeTo(y, [1, 2, 3, 4, first[0], second[0], first[1], second[1]]);
  });

  it('gathers rows and adds them back at their indices', async () => {
    const [rows, back] = await evaluate((graph) => {
      const table = graph.constant(float32([3, 2], [1, 2, 3, 4, 5, 6]));
      const indices = graph.constant(int64([3], [2, 0, 2]));
      const gathered = g.gather(table, indices);
      return [gathered, g.scatterAdd([3, 2], indices, gathered)];
    });
    expect(rows).toEqual([5, 6, 1, 2, 5, 6]);
    expect(back).toEqual([1, 2, 0, 0, 10, 12]);
  });

  it('moves elements', async () => {
    const results = await evaluate((graph) => {
      const x = graph.constant(float32([2, 3], [1, 2, 3, 4, 5, 6]));
      const parts = g.split(x, 1, [1, 2]);
      return [
        g.transpose(x, [1, 0]),
        g.slice(x, 1, 1, 2),
        g.concat([parts[1]!, parts[0]!], 1),
        g.expand(g.slice(x, 1, 0, 1), [2, 2]),
        g.reduceSum(x, [0]),
        g.reduceMean(x, [1]),
      ];
    });
    expect(results).toEqual([
      [1, 4, 2, 5, 3, 6],
      [2, 5],
      [2, 3, 1, 5, 6, 4],
      [1, 1, 4, 4],
      [5, 7, 9],
      [2, 5],
    ]);
  });

  it('casts: integers drop the fraction, truth is not 0', async () => {
    const results = await evaluate((graph) => {
      const x = graph.constant(float32([4], [-1.75, 0, 0.5, 3]));
      return [g.cast(x, 'int64'), g.cast(x, 'bool'), g.cast(g.cast(x, 'int32'), 'float32')];
    });
    expect(results).toEqual([
      [-1, 0, 0, 3],
      [1, 0, 1, 1],
      [-1, 0, 0, 3],
    ]);
  });

  it('erf and the activations, against tabulated values', async () => {
    const [erf, gelu, tanhGelu, silu] = await evaluate((graph) => {
      const x = graph.constant(float32([3], [-0.5, 1, 2]));
      return [g.erf(x), g.gelu(x), g.geluTanh(x), g.silu(x)];
    });
    closeTo(erf, [-0.5204998778130465, 0.8427007929497149, 0.9953222650189527]);
    // x Φ(x) with Φ(−0.5) = 0.30853753872598694, Φ(1) = 0.8413447460685429, Φ(2) = 0.9772498680518208
    closeTo(gelu, [-0.15426876936299347, 0.8413447460685429, 1.9544997361036416]);
    closeTo(tanhGelu, [-0.15428599, 0.84119199, 1.95459769], 7);
    closeTo(silu, [-0.5 / (1 + Math.exp(0.5)), 1 / (1 + Math.exp(-1)), 2 / (1 + Math.exp(-2))]);
  });

  it('quantized products use (value − 128) · scale per block', async () => {
    const [y] = await evaluate((graph) => {
      const values = graph.constant(tensor('uint8', [1, 2, 2], Uint8Array.of(129, 130, 127, 128)));
      const scales = graph.constant(float32([2], [0.5, 4]));
      const x = graph.constant(float32([1, 3], [1, 10, 100]));
      const weight = { values, scales };
      return g.quantizedMatmul(x, weight, weight, { inner: 3, outputs: 1, blockSize: 2 });
    });
    expect(y).toEqual([1 * 0.5 + 10 * 1 + 100 * -4]);
  });
});

describe('reference engine', () => {
  const graph = new g.Graph();
  graph.output('y', g.add(graph.input('x', 'float32', [2]), graph.scalar(1)));
  const run = async (inputs: Record<string, Tensor>) =>
    (await createReferenceEngine().load(graph)).run(inputs);

  it('takes float64 where float32 is declared and keeps all its digits', async () => {
    const { y } = await run({ x: tensor('float64', [2], Float64Array.of(1e-12, 2)) });
    expect(y).toEqual(tensor('float64', [2], Float64Array.of(1 + 1e-12, 3)));
  });

  it('refuses missing, unknown and misshapen feeds', async () => {
    await expect(run({})).rejects.toThrow('graph input x is not fed');
    await expect(run({ x: float32([2], [0, 0]), z: float32([], [0]) })).rejects.toThrow(
      'no graph input is named z',
    );
    await expect(run({ x: float32([1, 2], [0, 0]) })).rejects.toThrow('wants float32 [2], got float32 [1,2]');
    await expect(run({ x: int64([2], [0, 0]) })).rejects.toThrow('got int64 [2]');
  });

  it('reads weights from their file at any byte offset', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rankscope-'));
    try {
      const path = join(folder, 'weights.bin');
      writeFileSync(path, Buffer.concat([Buffer.of(7, 7, 7), Buffer.from(Float32Array.of(1.5, -2).buffer)]));
      const [w] = await evaluate((graph) =>
        g.neg(graph.external('w', { dtype: 'float32', shape: [2] }, { path, offset: 3, length: 8 })),
      );
      expect(w).toEqual([-1.5, 2]);
      const missing = evaluate((graph) =>
        g.neg(graph.external('w', { dtype: 'float32', shape: [2] }, { path, offset: 4, length: 8 })),
      );
      await expect(missing).rejects.toThrow('has 7 of 8 bytes at offset 4');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
