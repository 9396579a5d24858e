/** Arrays that stay in the engine, on both engines. */
import { afterAll, describe, expect, it } from 'vitest';
import { add, Graph, matmul, scale } from '../graph/index.ts';
import { float32 } from '../numeric/index.ts';
import { createOnnxEngine, createReferenceEngine } from './index.ts';

const engines = [createReferenceEngine(), createOnnxEngine({ threads: 2 })];
afterAll(async () => {
  for (const engine of engines) await engine.close();
});

/** sum ← sum + xᵀx, and twice the sum as it was. */
function summing(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 3]);
  const sum = graph.input('before', 'float32', [3, 3]);
  graph.output('sum', add(sum, matmul(x, x, { transposeA: true })));
  graph.output('square', scale(x, 2));
  return graph;
}

describe.each(engines.map((engine) => ({ name: engine.name, engine })))(
  'residents of $name',
  ({ engine }) => {
    it('are summed in place over runs, returned only when read, and fed to other programs', async () => {
      const program = await engine.load(summing());
      const sum = await engine.keep({ dtype: 'float32', shape: [3, 3] });
      for (const x of [
        [1, 2, 3, 4, 5, 6],
        [1, 0, 0, 0, 0, 2],
      ]) {
        const outputs = await program.run({ x: float32([2, 3], x), before: sum }, { sum });
        expect(Object.keys(outputs)).toEqual(['square']);
        expect([...(outputs.square!.data as Float32Array)]).toEqual(x.map((value) => 2 * value));
      }
      const expected = [18, 22, 27, 22, 29, 36, 27, 36, 49];
      const first = await sum.read();
      expect([...(first.data as Float32Array)]).toEqual(expected);

      const graph = new Graph();
      graph.output('y', scale(graph.input('a', 'float32', [3, 3]), 0.5));
      const halving = await engine.load(graph);
      const { y } = await halving.run({ a: sum });
      expect([...(y!.data as Float32Array)]).toEqual(expected.map((value) => value / 2));
      // What was read is a copy.
      (first.data as Float32Array).fill(0);
      expect([...((await sum.read()).data as Float32Array)]).toEqual(expected);
      await sum.release();
    });

    it('can start from given values', async () => {
      const given = await engine.keep(float32([2], [3, 4]));
      expect([...((await given.read()).data as Float32Array)]).toEqual([3, 4]);
      expect(given.shape).toEqual([2]);
    });

    it('refuse outputs that are not theirs', async () => {
      const program = await engine.load(summing());
      const sum = await engine.keep({ dtype: 'float32', shape: [3, 3] });
      const wrong = await engine.keep({ dtype: 'float32', shape: [2] });
      const x = float32([2, 3], [1, 2, 3, 4, 5, 6]);
      await expect(program.run({ x, before: sum }, { sum: wrong })).rejects.toThrow('[2]');
      await expect(program.run({ x, before: sum }, { nothing: sum })).rejects.toThrow('nothing');
      await expect(program.run({ x, before: wrong })).rejects.toThrow('wants float32 [3,3]');
    });
  },
);
