/** Softmax and log-sum-exp: the gradient of the second is the first, so they share a file. */
import type { Value } from '../graph.ts';
import { defineOp } from '../op.ts';
import { add, exp, log, mul, stopGradient, sub } from './elementwise.ts';
import { dropReduced, type ReduceOptions, reduceMax, reduceSum } from './reduce.ts';

/** y = exp(x) / Σ exp(x) over the last axis: dx = y ∘ (dy − Σ dy∘y). */
export const Softmax = defineOp({
  name: 'Softmax',
  infer: ([x]) => [x!],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [
    mul(y!, sub(dy!, reduceSum(mul(dy!, y!), [-1], { keepDimensions: true }))),
  ],
  emit: (node) => ({ type: 'Softmax', inputs: node.inputs, attributes: { axis: -1 } }),
});

/** Softmax over the last axis. */
export const softmax = (x: Value): Value => x.graph.apply(Softmax, [x], {})[0]!;

/**
 * log Σ exp over axes, without overflow; negative axes count from the end.
 *
 * m + log Σ exp(x − m) with m = max(x), which the result does not depend on: m is a constant to gradients, and what
 * flows to x is exp(x − m) ∘ dy / Σ exp(x − m), softmax(x) ∘ dy from what is there already. An engine can do all of it
 * in the place of x. ONNX's ReduceLogSumExp would do instead, but its sum is one chain of additions: a vocabulary of
 * small terms beside a large one is lost in it.
 */
export function reduceLogSumExp(x: Value, axes: readonly number[], options: ReduceOptions = {}): Value {
  const kept = { keepDimensions: true };
  const largest = stopGradient(reduceMax(x, axes, kept));
  const y = add(log(reduceSum(exp(sub(x, largest)), axes, kept)), largest);
  return options.keepDimensions ? y : dropReduced(y, axes);
}
