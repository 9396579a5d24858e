import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { exp, Graph, matmul, mul, reduceSum, tanh } from '../../graph/index.ts';
import { float32 } from '../../numeric/index.ts';
import { END, encodeModel } from './encode.ts';
import { createOnnxEngine } from './onnx-engine.ts';

const nodesOf = (graph: Graph, guarded = false) =>
  fromBinary(ModelProtoSchema, encodeModel(graph, guarded).bytes).graph!.node;

describe('encodeModel', () => {
  it('makes the use of a value depend on what must be evaluated before it', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 2]);
    const y = tanh(x);
    const early = reduceSum(x, [0, 1]);
    graph.output('use', exp(y));
    graph.output('early', early);
    graph.evaluateBefore(y, [early]);
    const nodes = nodesOf(graph);
    const made = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
    const behind = new Set<string>();
    const visit = (name: string): void => {
      behind.add(name);
      made.get(name)?.input.forEach(visit);
    };
    visit('use');
    expect(behind).toContain('early');

    const engine = createOnnxEngine({ threads: 1 });
    const program = await engine.load(graph);
    const outputs = await program.run({ x: float32([2, 2], [0, 1, 2, 3]) });
    await engine.close();
    expect(outputs.early!.data[0]).toBe(6);
    expect(outputs.use!.shape).toEqual([2, 2]);
    expect(outputs.use!.data[3]).toBeCloseTo(Math.exp(Math.tanh(3)), 5);
  });

  it('hides float32 matrices of files from a runtime that would copy them, when asked to', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 2]);
    const place = { path: '/w', offset: 0, length: 16 };
    const gain = graph.external('gain', { dtype: 'float32', shape: [2] }, { ...place, length: 8 });
    graph.output('y', mul(matmul(x, graph.external('w', { dtype: 'float32', shape: [2, 2] }, place)), gain));
    const types = (guarded: boolean) => nodesOf(graph, guarded).map(({ opType }) => opType);
    expect(types(false)).toEqual(['MatMul', 'Mul']);
    expect(types(true)).toEqual(['Reshape', 'MatMul', 'Mul']);
  });
});

it('an output that ends the call comes first, so that nothing is copied that was written in place', async () => {
  const graph = new Graph();
  graph.output('y', exp(graph.input('x', 'float32', [2])));
  const encoded = fromBinary(ModelProtoSchema, encodeModel(graph, false, true).bytes).graph!;
  expect(encoded.output.map(({ name }) => name)).toEqual([END, 'y']);
  const engine = createOnnxEngine({ threads: 1 });
  const program = await engine.load(graph);
  const kept = await engine.keep({ dtype: 'float32', shape: [2] });
  expect(await program.run({ x: float32([2], [0, 1]) }, { y: kept })).toEqual({});
  expect((await kept.read()).data[1]).toBeCloseTo(Math.E, 6);
  expect(Object.keys(await program.run({ x: float32([2], [0, 1]) }))).toEqual(['y']);
  await engine.close();
});

it('refuses a file that was removed or cut since it was opened, which would end the process when it is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cut-'));
  const path = join(folder, 'weights');
  writeFileSync(path, Buffer.from(Float32Array.of(1, 2, 3, 4).buffer));
  const engine = createOnnxEngine({ threads: 1 });
  const load = () => {
    const graph = new Graph();
    const place = { path, offset: 4, length: 12 };
    graph.output('y', exp(graph.external('w', { dtype: 'float32', shape: [3] }, place)));
    return engine.load(graph);
  };
  await (await load()).release();
  // The engine's thread comes to the file only when it is through with this.
  const matrix = { rows: 800, cols: 800, data: new Float64Array(640_000) };
  const busy = engine.matmul(matrix, matrix);
  const waiting = load();
  renameSync(path, `${path}-elsewhere`);
  await expect(waiting).rejects.toMatchObject({ code: 'file-not-found' });
  renameSync(`${path}-elsewhere`, path);
  await busy;
  truncateSync(path, 15);
  await expect(load()).rejects.toMatchObject({ code: 'file-truncated' });
  rmSync(path);
  await expect(load()).rejects.toMatchObject({ code: 'file-not-found' });
  await engine.close();
  rmSync(folder, { recursive: true });
});
