import { afterAll, describe, expect, it } from 'vitest';
import { Graph, slice } from '../graph/index.ts';
import { createRng, float32, type Matrix, matrix, multiply, singularValues } from '../numeric/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { collectSpectra, SpectraReader } from './batch-spectra.ts';

const engine = createOnnxEngine({ threads: 2 });
afterAll(() => engine.close());

/** Layers a and b share an input [lanes·rows, 30], c has one of 6 features; `change` edits the values. */
async function spectraOf(rows: number, lanes: number, change: (x: Matrix, dy: Matrix) => void = () => {}) {
  const graph = new Graph();
  const rng = createRng(rows);
  const feeds: Record<string, Matrix> = {};
  const input = (name: string, width: number) => {
    feeds[name] = matrix(lanes * rows, width);
    feeds[name].data.forEach((_, i, data) => {
      data[i] = Math.fround(rng.normal() * 0.7 ** (i % width));
    });
    return graph.input(name, 'float32', [lanes * rows, width]);
  };
  const shared = input('x', 30);
  const layers = [
    { name: 'a', x: shared, y: shared, dy: input('da', 20) },
    { name: 'b', x: shared, y: shared, dy: input('db', 40) },
    { name: 'c', x: input('xc', 6), y: shared, dy: input('dc', 25) },
  ];
  change(feeds.x!, feeds.da!);
  collectSpectra(graph, layers, lanes);
  const program = await engine.load(graph);
  const tensors = Object.entries(feeds).map(([name, { rows: all, cols, data }]) => [
    name,
    float32([all, cols], data),
  ]);
  const outputs = await program.run(Object.fromEntries(tensors));
  await program.release();
  const found = new Map<string, Float64Array[]>(layers.map(({ name }) => [name, []]));
  const reader = new SpectraReader(found, lanes, engine.matmul);
  await reader.read(outputs, layers, lanes);
  await reader.end();
  const expected = async (x: string, dy: string, lane: number) => {
    const part = ({ cols, data }: Matrix) =>
      matrix(rows, cols, data.slice(lane * rows * cols, (lane + 1) * rows * cols));
    return singularValues(await multiply(part(feeds[x]!), part(feeds[dy]!), { transposeA: true }));
  };
  return { found, expected };
}

describe.each([
  ['fewer rows than features', 8],
  ['more rows than features', 50],
])('%s', (_name, rows) => {
  it.each([1, 2])('singular values of each of %i batches, as of the whole gradient', async (lanes) => {
    const { found, expected } = await spectraOf(rows, lanes);
    for (const [name, x, dy] of [
      ['a', 'x', 'da'],
      ['b', 'x', 'db'],
      ['c', 'xc', 'dc'],
    ] as const) {
      expect(found.get(name)).toHaveLength(lanes);
      for (const [lane, values] of found.get(name)!.entries()) {
        const right = await expected(x, dy, lane);
        expect(values).toHaveLength(right.length);
        // A gradient that is formed is known to float32; small products are known to float64.
        right.forEach((value, i) => {
          expect(Math.abs(values[i]! - value)).toBeLessThan(3e-7 * right[0]!);
        });
      }
    }
  });
});

it('rows that repeat or are zero, and a side without any signal', async () => {
  const repeat = await spectraOf(8, 1, (x) => {
    for (let j = 0; j < x.cols; j++) {
      x.data[3 * x.cols + j] = x.data[j]!;
      x.data[5 * x.cols + j] = 0;
    }
  });
  const right = await repeat.expected('x', 'da', 0);
  repeat.found.get('a')![0]!.forEach((value, i) => {
    expect(Math.abs(value - right[i]!)).toBeLessThan(1e-7 * right[0]!);
  });
  const silent = await spectraOf(8, 1, (_, dy) => dy.data.fill(0));
  expect([...silent.found.get('a')![0]!]).toEqual(new Array(20).fill(0));
});

it('puts out two small matrices for each batch', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [4, 8]);
  collectSpectra(graph, [{ name: 'a', x, y: x, dy: slice(x, 1, 0, 6) }], 2);
  expect([...graph.outputs.keys()].sort()).toEqual([
    'a|rows of dy|0',
    'a|rows of dy|1',
    'a|rows of x|0',
    'a|rows of x|1',
  ]);
});
