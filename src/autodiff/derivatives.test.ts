/** One checker for all ops: a gradient, and the gradient of a gradient, against differences in float64. */
import { describe, expect, it } from 'vitest';
import {
  opSamples,
  randomProjection,
  type Sample,
  sampleFeeds,
  sampleGraph,
} from '../../test/support/op-samples.ts';
import { add, type Graph, mul, type OpName, ops, reduceSum, type Value } from '../graph/index.ts';
import { createRng, type Tensor, tensor } from '../numeric/index.ts';
import { createReferenceEngine } from '../runtime/index.ts';
import { gradients } from './index.ts';

const engine = createReferenceEngine();
const STEP = 1e-3;

/** Asserts that the gradient of a scalar along a random direction is its difference quotient, to 1e-6. */
async function checkDerivative(
  graph: Graph,
  target: Value,
  wrt: readonly Value[],
  feeds: Record<string, Tensor>,
) {
  const rng = createRng(7);
  const names = wrt.map(({ source }) => (source.kind === 'input' ? source.name : ''));
  graph.output('target', target);
  gradients(target, wrt).forEach((gradient, index) => {
    graph.output(`d${names[index]}`, gradient);
  });
  const program = await engine.load(graph);
  const directions = names.map((name) => new Float64Array(feeds[name]!.data.length).map(() => rng.normal()));
  const at = async (step: number): Promise<Record<string, Tensor>> => {
    const moved = names.map((name, index) => {
      const { shape, data } = feeds[name]!;
      const values = Float64Array.from(data as Float32Array, (x, i) => x + step * directions[index]![i]!);
      return [name, tensor('float64', shape, values)] as const;
    });
    return program.run({ ...feeds, ...Object.fromEntries(moved) });
  };
  const value = async (step: number) => (await at(step)).target!.data[0] as number;
  const slope = async (step: number) => ((await value(step)) - (await value(-step))) / (2 * step);
  // Richardson: the error of the difference quotient falls from h² to h⁴.
  const numeric = (4 * (await slope(STEP / 2)) - (await slope(STEP))) / 3;
  const results = await at(0);
  const analytic = names.reduce((total, name, index) => {
    const gradient = results[`d${name}`]!;
    expect(gradient.shape).toEqual(feeds[name]!.shape);
    return total + directions[index]!.reduce((sum, d, i) => sum + d * (gradient.data[i] as number), 0);
  }, 0);
  const size = Math.max(Math.abs(analytic), Math.abs(numeric), 0.1);
  expect(Math.abs(analytic - numeric) / size, `${analytic} against ${numeric}`).toBeLessThan(1e-6);
}

const cases = (Object.entries(opSamples) as [OpName, readonly Sample[]][]).flatMap(([name, samples]) =>
  samples
    .filter(({ differentiable }) => ops[name].gradient !== null && differentiable !== 0)
    .map((sample) => ({ name, title: sample.title, sample })),
);

describe('derivatives of every op', () => {
  it.each(cases)('$name: $title', async ({ sample }) => {
    const { graph, wrt, results } = sampleGraph(sample);
    await checkDerivative(graph, randomProjection(results, 1), wrt, sampleFeeds(sample));
  });

  it.each(cases)('$name: $title, twice', async ({ sample }) => {
    const { graph, wrt, results } = sampleGraph(sample);
    const first = gradients(randomProjection(results, 1), wrt);
    // The squares make the target depend on every input even where the op is linear.
    const squares = wrt.map((x) => reduceSum(mul(x, x), [...x.shape.keys()]));
    const target = [randomProjection(first, 2), ...squares].reduce(add);
    await checkDerivative(graph, target, wrt, sampleFeeds(sample));
  });
});
