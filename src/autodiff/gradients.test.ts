import { describe, expect, it } from 'vitest';
import {
  add,
  cast,
  exp,
  Graph,
  layerNormalization,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  relu,
  rotaryEmbedding,
  split,
  tanh,
  type Value,
} from '../graph/index.ts';
import { float32 } from '../numeric/index.ts';
import { createReferenceEngine } from '../runtime/index.ts';
import { gradients } from './index.ts';

/** The numbers of a value, for feeds by input name. */
async function numbers(value: Value, feeds: Record<string, number[]>): Promise<number[]> {
  value.graph.output('result', value);
  const tensors = [...value.graph.inputs].map(([name, { shape }]) => [name, float32(shape, feeds[name]!)]);
  const { result } = await (await createReferenceEngine().load(value.graph)).run(Object.fromEntries(tensors));
  return Array.from(result!.data, Number);
}

/** Names of the ops of the nodes that were appended while `append` ran. */
function appended(graph: Graph, append: () => void): string[] {
  const before = graph.nodes.length;
  append();
  return graph.nodes.slice(before).map(({ op }) => op.name);
}

describe('gradients', () => {
  it('computes nothing for weights that nobody asks about', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 3]);
    const w1 = graph.input('w1', 'float32', [3, 4]);
    const w2 = graph.input('w2', 'float32', [4, 5]);
    const h = tanh(matmul(x, w1));
    const target = reduceSum(matmul(h, w2), [0, 1]);
    const products = (wrt: Value[]) =>
      appended(graph, () => gradients(target, wrt)).filter((name) => name === 'MatMul').length;
    expect(products([w2])).toBe(1);
    expect(products([h])).toBe(1);
    expect(products([x])).toBe(2);
    expect(products([w1, w2])).toBe(3);
    expect(products([x, w1, w2])).toBe(4);
  });

  it('appends no node that a bias alone does not need, norm or not', () => {
    const graph = new Graph();
    const [x, gain, bias] = [[2, 3], [3], [3]].map((shape, i) => graph.input(`i${i}`, 'float32', shape));
    const h = exp(x!);
    const target = reduceSum(add(layerNormalization(h, gain!, bias!, 1e-5), bias!), [0, 1]);
    const names = appended(graph, () => gradients(target, [bias!]));
    expect(names).toEqual(['Reshape', 'Expand', 'ReduceSum', 'Reshape', 'ReduceSum', 'Reshape', 'Add']);
  });

  it('adds up the paths to a value that is used more than once', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', []);
    const y = add(mul(x, x), mul(x, exp(x)));
    // 2x + eˣ + x eˣ at x = 0 is 1, at x = 1 is 2 + 2e.
    const [dx] = gradients(y, [x]);
    expect((await numbers(dx!, { x: [1] }))[0]).toBeCloseTo(2 + 2 * Math.E, 12);
  });

  it('makes again what is to be rematerialized, from what is kept', async () => {
    const build = (remade: boolean) => {
      const graph = new Graph();
      const x = graph.input('x', 'float32', [2]);
      const kept = mul(x, x);
      const wide = exp(tanh(kept));
      if (remade) graph.rematerialize(wide, [kept]);
      const target = reduceSum(mul(wide, wide), [0]);
      return { graph, added: appended(graph, () => graph.output('dx', gradients(target, [x])[0]!)) };
    };
    const run = async ({ graph }: ReturnType<typeof build>) =>
      (await (await createReferenceEngine().load(graph)).run({ x: float32([2], [0.5, -1]) })).dx!.data;
    const [plain, remade] = [build(false), build(true)];
    const count = ({ added }: typeof plain, op: string) => added.filter((name) => name === op).length;
    expect(['Exp', 'Tanh'].map((op) => [count(plain, op), count(remade, op)])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(await run(remade)).toEqual(await run(plain));
  });

  it('takes the gradient of an intermediate value and of the target itself', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const h = mul(x, x);
    const target = reduceSum(mul(h, h), [0]);
    const [dh, dtarget] = gradients(target, [h, target]);
    expect(await numbers(add(dh!, dtarget!), { x: [1, 2] })).toEqual([3, 9]);
  });

  it('differentiates a gradient: x⁴ has second derivative 12 x² and third 24 x', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', []);
    const square = mul(x, x);
    const [first] = gradients(mul(square, square), [x]);
    const [second] = gradients(first!, [x]);
    const [third] = gradients(second!, [x]);
    expect(await numbers(add(second!, third!), { x: [3] })).toEqual([12 * 9 + 24 * 3]);
  });

  it('differentiates past Relu twice: the second derivative of relu(x)² / 2 is a step', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const y = relu(x);
    const [first] = gradients(reduceSum(mul(mul(y, y), graph.scalar(0.5)), [0]), [x]);
    const [second] = gradients(reduceSum(first!, [0]), [x]);
    expect(await numbers(second!, { x: [-2, 3] })).toEqual([0, 1]);
  });

  it('fills in zeros for outputs that the target does not use', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [4]);
    const [, middle] = split(x, 0, [1, 2, 1]);
    const [dx] = gradients(reduceMean(mul(middle!, middle!), [0]), [x]);
    expect(await numbers(dx!, { x: [1, 2, 3, 4] })).toEqual([0, 2, 3, 0]);
  });

  it('says what it cannot differentiate', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const other = graph.input('other', 'float32', [2]);
    const target = reduceSum(x, [0]);
    expect(() => gradients(x, [x])).toThrow('must be a scalar, got [2]');
    expect(() => gradients(target, [x, other])).toThrow('does not depend on value 1');
    const rounded = cast(cast(x, 'int32'), 'float32');
    expect(() => gradients(reduceSum(rounded, [0]), [x])).toThrow('Cast has no gradient');
    const cos = graph.input('cos', 'float32', [1, 1]);
    const heads = graph.input('heads', 'float32', [1, 1, 1, 2]);
    const turned = reduceSum(rotaryEmbedding(heads, cos, cos), [0, 1, 2, 3]);
    expect(() => gradients(turned, [cos])).toThrow('RotaryEmbedding has no gradient for its input 1');
  });
});
