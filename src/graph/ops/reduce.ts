/** Sums and means over axes. The third reduction, log-sum-exp, lives beside softmax, its gradient. */
import { int64, sizeOf } from '../../numeric/index.ts';
import type { Node, Value, ValueType } from '../graph.ts';
import { defineOp, type Emission, type Op } from '../op.ts';
import { scale } from './elementwise.ts';
import { expand, normalizeAxis, reshape } from './shape.ts';

export interface ReduceAttributes {
  /** Non-negative, ascending. */
  readonly axes: readonly number[];
  readonly keepDimensions: boolean;
}

/** Options of the reductions: `keepDimensions` leaves reduced axes with extent 1 (default: drops them). */
export interface ReduceOptions {
  readonly keepDimensions?: boolean;
}

/** The shape of a reduction that keeps its axes. */
const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));

export function inferReduce(inputs: readonly ValueType[], attributes: ReduceAttributes): ValueType[] {
  const { axes, keepDimensions } = attributes;
  const { dtype, shape } = inputs[0]!;
  return [
    {
      dtype,
      shape: keepDimensions ? keptShape(shape, axes) : shape.filter((_, axis) => !axes.includes(axis)),
    },
  ];
}

export const emitReduce =
  (type: string) =>
  (node: Node, { axes, keepDimensions }: ReduceAttributes): Emission => ({
    type,
    inputs: [node.inputs[0]!, int64([axes.length], axes)],
    attributes: { keepdims: Number(keepDimensions) },
  });

/** A value of the reduction's output shape with the reduced axes put back, so that it broadcasts against x. */
export const keepReduced = (value: Value, x: Value, { axes }: ReduceAttributes): Value =>
  reshape(value, keptShape(x.shape, axes));

/** Σ over axes: dx = dy, spread over x's shape. */
export const ReduceSum = defineOp<ReduceAttributes>({
  name: 'ReduceSum',
  infer: inferReduce,
  gradient: ({ inputs: [x], attributes, outputGradients: [dy] }) => [
    expand(keepReduced(dy!, x!, attributes), x!.shape),
  ],
  emit: emitReduce('ReduceSum'),
});

/** Σ / n over axes of n elements: dx = dy / n, spread over x's shape. */
export const ReduceMean = defineOp<ReduceAttributes>({
  name: 'ReduceMean',
  infer: inferReduce,
  gradient: ({ inputs: [x], outputs: [y], attributes, outputGradients: [dy] }) => {
    const share = scale(keepReduced(dy!, x!, attributes), sizeOf(y!.shape) / sizeOf(x!.shape));
    return [expand(share, x!.shape)];
  },
  emit: emitReduce('ReduceMean'),
});

/** A builder for a reduction. Without axes there is nothing to reduce (ONNX would take it as "all"). */
export const callReduce =
  (op: Op<ReduceAttributes>) =>
  (x: Value, axes: readonly number[], { keepDimensions = false }: ReduceOptions = {}): Value => {
    const normalized = [...new Set(axes.map((axis) => normalizeAxis(axis, x.shape.length)))].sort(
      (a, b) => a - b,
    );
    return normalized.length === 0 ? x : x.graph.apply(op, [x], { axes: normalized, keepDimensions })[0]!;
  };

/** Sum over axes; negative axes count from the end. */
export const reduceSum: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  callReduce(ReduceSum);
/** Mean over axes; negative axes count from the end. */
export const reduceMean: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  callReduce(ReduceMean);
