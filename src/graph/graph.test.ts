import { describe, expect, it } from 'vitest';
import { exp, Graph, mul, reduceSum, tanh, type Value } from './index.ts';
import { estimatePeakBytes } from './memory.ts';

/** A sum of x that is wanted at the end only, and a chain of wide values between. */
function graphWithLateSum(hasten: boolean): Graph {
  const graph = new Graph();
  const x = exp(graph.input('a', 'float32', [100]));
  const y = tanh(x);
  let value: Value = y;
  for (let i = 0; i < 3; i++) value = mul(value, value);
  const sum = reduceSum(x, [0]);
  // Made after the sum: an engine that goes back from the end comes to it first.
  const last = mul(value, value);
  graph.output('end', reduceSum(mul(last, sum), [0]));
  if (hasten) graph.evaluateBefore(y, [sum]);
  return graph;
}

const names = (graph: Graph): string[] => graph.liveNodes().map(({ op }) => op.name);

describe('evaluateBefore', () => {
  it('moves a value to where it was asked for, and leaves the others in their order', () => {
    const rest = ['Mul', 'Mul', 'Mul'];
    const end = ['Mul', 'Mul', 'ReduceSum'];
    expect(names(graphWithLateSum(false))).toEqual(['Exp', 'Tanh', ...rest, 'ReduceSum', ...end]);
    expect(names(graphWithLateSum(true))).toEqual(['Exp', 'Tanh', 'ReduceSum', ...rest, ...end]);
  });

  it('shortens the life of what the value is made of', () => {
    // x and two of the chain; hastened, the sum stands in the place of x.
    expect(estimatePeakBytes(graphWithLateSum(false))).toBe(3 * 400);
    expect(estimatePeakBytes(graphWithLateSum(true))).toBe(2 * 400 + 4);
  });

  it('brings nothing to life that no output needs', () => {
    const graph = new Graph();
    const x = graph.input('a', 'float32', [2]);
    const y = exp(x);
    graph.evaluateBefore(y, [tanh(x)]);
    graph.output('y', y);
    expect(names(graph)).toEqual(['Exp']);
  });
});
