/** Graphs as text: what a small network and its gradient become, node for node. */
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/autodiff/index.ts';
import {
  add,
  Graph,
  gather,
  matmul,
  printGraph,
  reduceLogSumExp,
  reduceMean,
  rmsNormalization,
  split,
  sub,
  tanh,
} from '../../src/graph/index.ts';
import { float32 } from '../../src/numeric/index.ts';

describe('printed graphs', () => {
  it('a small network with its gradient', async () => {
    const graph = new Graph();
    const tokens = graph.input('tokens', 'int64', [4]);
    const table = graph.input('table', 'float32', [10, 6]);
    const data = { path: 'weights.safetensors', offset: 0, length: 144 };
    const weight = graph.external('layer.weight', { dtype: 'float32', shape: [6, 6] }, data);
    const bias = graph.constant(float32([6], [1, 2, 3, 4, 5, 6]));
    const gain = graph.constant(float32([6], new Float32Array(6).fill(1)));
    const x = rmsNormalization(gather(table, tokens), gain, 1e-5);
    const y = tanh(add(matmul(x, weight, { transposeB: true }), bias));
    const [left] = split(y, 1, [2, 4]);
    const spread = sub(reduceLogSumExp(y, [-1]), reduceMean(left!, [-1]));
    const loss = reduceMean(spread, [0]);
    const [dtable] = gradients(loss, [table]);
    graph.output('loss', loss);
    graph.output('dtable', dtable!);
    await expect(printGraph(graph)).toMatchFileSnapshot('graph.txt');
  });

  it('leaves dead nodes out and does not number them', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 2]);
    tanh(x);
    graph.output('y', matmul(x, x, { transposeB: true, alpha: 0.5 }));
    expect(printGraph(graph)).toBe(
      'input %x: float32[2, 2]\n%0: float32[2, 2] = MatMul(%x, %x) {transposeB, alpha=0.5}\noutput y = %0\n',
    );
  });
});
