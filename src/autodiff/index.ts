/**
 * Room `autodiff`: reverse-mode differentiation as one backward walk over the graph. The gradient is made of
 * ordinary nodes appended to the same graph, so it prints, runs and differentiates like any other.
 */
import { invariant } from '../errors/index.ts';
import { add, type Node, reduceSum, reshape, type Value } from '../graph/index.ts';
import { openSegment, remake } from './remake.ts';

export { remake } from './remake.ts';

/**
 * Gradients of the scalar `target` with respect to values of the same graph (inputs, weights or intermediate
 * values), appended to that graph. Nothing is computed that none of them needs.
 *
 * @throws InvariantError when the target is no scalar, does not depend on a value, or passes an op without a gradient.
 */
export function gradients(target: Value, wrt: readonly Value[]): Value[] {
  invariant(target.shape.length === 0, `the target of a gradient must be a scalar, got [${target.shape}]`);
  const { graph } = target;
  const depends = dependents(graph.nodes, wrt);
  const found = new Map<Value, Value>([[target, graph.scalar(1)]]);
  for (const node of [...graph.nodes].reverse()) {
    const outputGradients = node.outputs.map((output) => found.get(output));
    if (!node.inputs.some((input) => depends.has(input)) || outputGradients.every((g) => g === undefined))
      continue;
    const segment = graph.recomputedSegment(node);
    const endGradient = segment && found.get(segment.end);
    if (endGradient !== undefined) openSegment(segment!, endGradient);
    const rule = node.op.gradient;
    invariant(typeof rule === 'function', `${node.op.name} has no gradient`);
    const contributions = rule({
      inputs: node.inputs.map(remake),
      outputs: node.outputs.map(remake),
      attributes: node.attributes,
      outputGradients,
      needs: node.inputs.map((input) => depends.has(input)),
    });
    node.inputs.forEach((input, index) => {
      if (!depends.has(input)) return;
      const contribution = contributions[index];
      invariant(contribution !== undefined, `${node.op.name} has no gradient for its input ${index}`);
      const reduced = undoBroadcast(contribution, input.shape);
      const before = found.get(input);
      found.set(input, before === undefined ? reduced : add(before, reduced));
    });
  }
  return wrt.map((value, index) => {
    const gradient = found.get(value);
    invariant(gradient !== undefined, `the target does not depend on value ${index} of the list`);
    return gradient;
  });
}

/** The values that depend on one of `roots` as gradients see it, the roots included. */
function dependents(nodes: readonly Node[], roots: readonly Value[]): Set<Value> {
  const depends = new Set<Value>(roots);
  for (const node of nodes) {
    if (node.op.gradient !== 'stops' && node.inputs.some((input) => depends.has(input)))
      for (const output of node.outputs) depends.add(output);
  }
  return depends;
}

/** Sums a gradient over the axes along which its value was broadcast. */
function undoBroadcast(gradient: Value, shape: readonly number[]): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, axis) =>
    axis < extra || (shape[axis - extra] === 1 && extent !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return gradient;
  const summed = reduceSum(gradient, axes, { keepDimensions: true });
  return summed.shape.length === shape.length ? summed : reshape(summed, shape);
}
