/** Softmax and log-sum-exp: the gradient of the second is the first, so they share a file. */
import type { Value } from '../graph.ts';
import { defineOp } from '../op.ts';
import { exp, mul, sub } from './elementwise.ts';
import {
  callReduce,
  emitReduce,
  inferReduce,
  keepReduced,
  type ReduceAttributes,
  type ReduceOptions,
  reduceSum,
} from './reduce.ts';

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
 * y = log Σ exp(x) over axes: dx = exp(x − y) ∘ dy, which is softmax(x) ∘ dy. Taken from y rather than by the softmax
 * op: an engine can do all of it in the place of x, and has no reason to keep x until a later use for y.
 */
export const ReduceLogSumExp = defineOp<ReduceAttributes>({
  name: 'ReduceLogSumExp',
  infer: inferReduce,
  gradient: ({ inputs: [x], outputs: [y], attributes, outputGradients: [dy] }) => [
    mul(exp(sub(x!, keepReduced(y!, x!, attributes))), keepReduced(dy!, x!, attributes)),
  ],
  emit: emitReduce('ReduceLogSumExp'),
});

/** log Σ exp over axes, without overflow; negative axes count from the end. */
export const reduceLogSumExp: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  callReduce(ReduceLogSumExp);
