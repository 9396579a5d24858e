/**
 * Long sums on both engines, against float64 sums made here and, where there is one, a closed form: float32 may cost
 * a rounding or two, never a term per element.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { gradients } from '../autodiff/index.ts';
import {
  Graph,
  matmul,
  reduceLogSumExp,
  reduceMean,
  reduceSum,
  rmsNormalization,
  softmax,
  type Value,
} from '../graph/index.ts';
import { createRng, float32, sizeOf } from '../numeric/index.ts';
import { createOnnxEngine, createReferenceEngine } from './index.ts';

const onnx = createOnnxEngine({ threads: 2 });
const engines = [onnx, createReferenceEngine()];
afterAll(() => onnx.close());

async function evaluate(
  engine: (typeof engines)[number],
  shape: readonly number[],
  data: Float32Array,
  build: (x: Value) => Record<string, Value>,
): Promise<Record<string, Float64Array>> {
  const graph = new Graph();
  const outputs = build(graph.input('x', 'float32', shape));
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  const program = await engine.load(graph);
  const results = await program.run({ x: float32(shape, data) });
  await program.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name, Float64Array.from(result.data as Float32Array)]),
  );
}

const logSumExp = (x: Value) => {
  const y = reduceLogSumExp(x, [-1]);
  const [dx] = gradients(reduceSum(y, [0]), [x]);
  return { y, dx: dx! };
};

describe.each(engines)('long sums on $name', (engine) => {
  it('log-sum-exp of one large logit and a vocabulary of small ones', async () => {
    const count = 49_152;
    const logits = new Float32Array(count);
    logits[0] = 17;
    const { y, dx } = await evaluate(engine, [1, count], logits, logSumExp);
    const rest = (count - 1) * Math.exp(-17);
    // 17.00203…; float32 numbers lie 1.9e-6 apart there.
    expect(Math.abs(y![0]! - (17 + Math.log1p(rest)))).toBeLessThan(2e-6);
    expect(Math.abs(dx![0]! - 1 / (1 + rest))).toBeLessThan(2e-6);
    expect(Math.abs(dx![1]! / (Math.exp(-17) / (1 + rest)) - 1)).toBeLessThan(3e-6);
    expect(Math.abs(dx!.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(2e-6);
  });

  // 50,257 = 29 · 1,733; 50,261 is prime.
  it.each([4_096, 50_257, 50_261, 262_144])('log-sum-exp of %i logits with outliers', async (count) => {
    const rng = createRng(count);
    const logits = Float32Array.from({ length: 2 * count }, (_, i) =>
      i % 1000 === 7 ? 8 + 2 * rng.normal() : rng.normal(),
    );
    const { y, dx } = await evaluate(engine, [2, count], logits, logSumExp);
    for (const row of [0, 1]) {
      const x = logits.subarray(row * count, (row + 1) * count);
      const exact = Math.log(x.reduce((sum, value) => sum + Math.exp(value), 0));
      expect(Math.abs(y![row]! - exact)).toBeLessThan(2e-6);
      const worst = x.reduce(
        (most, value, i) => Math.max(most, Math.abs(dx![row * count + i]! / Math.exp(value - exact) - 1)),
        0,
      );
      expect(worst).toBeLessThan(3e-6);
    }
  });

  const cases: { shape: number[]; axes: number[] }[] = [
    { shape: [2, 65_536], axes: [1] },
    { shape: [65_536, 2], axes: [0] },
    { shape: [2, 10_007, 3], axes: [1] },
    { shape: [512, 512], axes: [0, 1] },
    { shape: [64, 3, 1024], axes: [0, 2] },
    { shape: [6, 7, 2], axes: [0, 1] },
  ];
  it.each(cases)('sum and mean of $shape over $axes', async ({ shape, axes }) => {
    // One large element first, which a chain of additions would lose the others in.
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i === 0 ? 1e4 : 1 + (i % 7) / 16));
    const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const expected = new Float64Array(sizeOf(kept));
    data.forEach((value, i) => {
      let rest = i;
      let offset = 0;
      let stride = 1;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        if (kept[axis] !== 1) {
          offset += stride * (rest % shape[axis]!);
          stride *= shape[axis]!;
        }
        rest = Math.floor(rest / shape[axis]!);
      }
      expected[offset]! += value;
    });
    const { sum, mean } = await evaluate(engine, shape, data, (x) => ({
      sum: reduceSum(x, axes),
      mean: reduceMean(x, axes, { keepDimensions: true }),
    }));
    const count = data.length / expected.length;
    expect(sum).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expect(Math.abs(sum![i]! / value - 1)).toBeLessThan(5e-7);
      expect(Math.abs((mean![i]! * count) / value - 1)).toBeLessThan(5e-7);
    });
  });

  it('products, softmax and norms of thousands of elements', async () => {
    const [rows, count] = [2, 8192];
    const rng = createRng(3);
    const data = Float32Array.from({ length: rows * count }, () => rng.normal() ** 2);
    const { product, weights, norm } = await evaluate(engine, [rows, count], data, (x) => ({
      product: matmul(x, x, { transposeB: true }),
      weights: softmax(x),
      norm: rmsNormalization(x, x.graph.constant(float32([count], new Float32Array(count).fill(1))), 0),
    }));
    for (const row of [0, 1]) {
      const x = data.subarray(row * count, (row + 1) * count);
      const squares = x.reduce((sum, value) => sum + value * value, 0);
      const exponentials = x.reduce((sum, value) => sum + Math.exp(value), 0);
      expect(Math.abs(product![row * rows + row]! / squares - 1)).toBeLessThan(1e-6);
      x.forEach((value, i) => {
        const at = row * count + i;
        expect(Math.abs((weights![at]! * exponentials) / Math.exp(value) - 1)).toBeLessThan(1e-5);
        expect(Math.abs((norm![at]! * Math.sqrt(squares / count)) / value - 1)).toBeLessThan(1e-6);
      });
    }
  });
});
