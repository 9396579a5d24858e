/** Both engines on every op and its gradient: what ONNX Runtime's kernels make of our emission is what we mean. */
import { afterAll, describe, expect, it } from 'vitest';
import {
  opSamples,
  randomProjection,
  type Sample,
  sampleFeeds,
  sampleGraph,
} from '../../test/support/op-samples.ts';
import { gradients } from '../autodiff/index.ts';
import { Graph, gather, type OpName, ops, scatterAdd } from '../graph/index.ts';
import { float32, int64, type Tensor } from '../numeric/index.ts';
import { createOnnxEngine, createReferenceEngine } from './index.ts';

const reference = createReferenceEngine();
const onnx = createOnnxEngine({ threads: 2 });
afterAll(() => onnx.close());

async function runBoth(graph: Graph, feeds: Record<string, Tensor>) {
  const programs = await Promise.all([reference, onnx].map((engine) => engine.load(graph)));
  const [expected, got] = await Promise.all(programs.map((program) => program.run(feeds)));
  await Promise.all(programs.map((program) => program.release()));
  return { expected: expected!, got: got! };
}

/** ‖got − expected‖ / ‖expected‖. */
function relativeError(got: Tensor, expected: Tensor): number {
  const reals = Array.from(expected.data, Number);
  const difference = Array.from(got.data, Number).map((value, i) => value - reals[i]!);
  return Math.hypot(...difference) / Math.max(Math.hypot(...reals), 1e-6);
}

/** Both round their activations to 8 bits. */
const tolerance = (name: OpName): number =>
  name === 'MatMulNBits' || name === 'MatMulInteger' ? 2e-2 : 1e-5;

const cases = (Object.entries(opSamples) as [OpName, readonly Sample[]][]).flatMap(([name, samples]) =>
  samples.map((sample) => ({ name, title: sample.title, sample })),
);

describe('ONNX Runtime against the float64 reference', () => {
  it.each(cases)('$name: $title', async ({ name, sample }) => {
    const { graph, wrt, results } = sampleGraph(sample);
    results.forEach((result, index) => {
      graph.output(`y${index}`, result);
    });
    if (ops[name].gradient !== null && sample.differentiable !== 0) {
      gradients(randomProjection(results, 1), wrt).forEach((gradient, index) => {
        graph.output(`d${index}`, gradient);
      });
    }
    const { expected, got } = await runBoth(graph, sampleFeeds(sample));
    expect(Object.keys(got).sort()).toEqual([...graph.outputs.keys()].sort());
    for (const [output, value] of graph.outputs) {
      expect(got[output]!.dtype).toBe(value.dtype);
      expect(got[output]!.shape).toEqual(expected[output]!.shape);
      expect(relativeError(got[output]!, expected[output]!), output).toBeLessThan(tolerance(name));
    }
  });

  it('loses no update when threads add to one row', async () => {
    const graph = new Graph();
    const count = 20_000;
    const indices = graph.constant(int64([count], new Float64Array(count)));
    const updates = graph.input('updates', 'float32', [count, 8]);
    graph.output('sum', scatterAdd([3, 8], indices, updates));
    const program = await onnx.load(graph);
    const { sum } = await program.run({ updates: float32([count, 8], new Float32Array(count * 8).fill(1)) });
    expect([...(sum!.data as Float32Array)]).toEqual(
      Array.from({ length: 24 }, (_, i) => (i < 8 ? count : 0)),
    );
  });

  it('gathers from a table of thousands of rows and scatters back to it', async () => {
    const graph = new Graph();
    const rows = 5000;
    const table = graph.input('table', 'float32', [rows, 4]);
    const indices = graph.constant(int64([3], [4999, 7, 4999]));
    graph.output('back', scatterAdd([rows, 4], indices, gather(table, indices)));
    const feeds = {
      table: float32(
        [rows, 4],
        Float32Array.from({ length: rows * 4 }, (_, i) => i),
      ),
    };
    const { expected, got } = await runBoth(graph, feeds);
    expect([...got.back!.data.subarray(7 * 4, 8 * 4)]).toEqual([28, 29, 30, 31]);
    expect([...got.back!.data.subarray(4999 * 4)]).toEqual([39992, 39994, 39996, 39998]);
    expect(relativeError(got.back!, expected.back!)).toBe(0);
  });

  it('multiplies float64 matrices', async () => {
    const a = { rows: 2, cols: 3, data: Float64Array.of(1, 2, 3, 4, 5, 6) };
    for (const engine of [reference, onnx]) {
      expect([...(await engine.matmul(a, a, { transposeB: true })).data]).toEqual([14, 32, 32, 77]);
      expect([...(await engine.matmul(a, a, { transposeA: true })).data]).toEqual([
        17, 22, 27, 22, 29, 36, 27, 36, 45,
      ]);
    }
  });
});
