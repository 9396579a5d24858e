/** Sums, means and maxima over axes. The fourth reduction, log-sum-exp, lives beside softmax, its gradient. */
import { float32, int64, sizeOf } from '../../numeric/index.ts';
import type { Node, Value, ValueType } from '../graph.ts';
import { defineOp, type Emission, type Op } from '../op.ts';
import { mul, scale, sign, sub } from './elementwise.ts';
import { sumInPieces } from './pieces.ts';
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

function inferReduce(inputs: readonly ValueType[], attributes: ReduceAttributes): ValueType[] {
  const { axes, keepDimensions } = attributes;
  const { dtype, shape } = inputs[0]!;
  return [
    {
      dtype,
      shape: keepDimensions ? keptShape(shape, axes) : shape.filter((_, axis) => !axes.includes(axis)),
    },
  ];
}

const emitReduce = (type: string, x: Value, { axes, keepDimensions }: ReduceAttributes): Emission => ({
  type,
  inputs: [x, int64([axes.length], axes)],
  attributes: { keepdims: Number(keepDimensions) },
});

/** A value of the reduction's output shape with the reduced axes put back, so that it broadcasts against x. */
const keepReduced = (value: Value, x: Value, { axes }: ReduceAttributes): Value =>
  reshape(value, keptShape(x.shape, axes));

/** Elements of x that fall together in y. */
const elementsPer = (y: ValueType, x: ValueType): number => sizeOf(x.shape) / sizeOf(y.shape);

/** Σ over axes: dx = dy, spread over x's shape. */
export const ReduceSum = defineOp<ReduceAttributes>({
  name: 'ReduceSum',
  infer: inferReduce,
  gradient: ({ inputs: [x], attributes, outputGradients: [dy] }) => [
    expand(keepReduced(dy!, x!, attributes), x!.shape),
  ],
  emit: ({ inputs: [x], outputs: [y] }, attributes) =>
    sumInPieces(x!, attributes.axes, y!.shape) ?? emitReduce('ReduceSum', x!, attributes),
});

/** Σ / n over axes of n elements: dx = dy / n, spread over x's shape. */
export const ReduceMean = defineOp<ReduceAttributes>({
  name: 'ReduceMean',
  infer: inferReduce,
  gradient: ({ inputs: [x], outputs: [y], attributes, outputGradients: [dy] }) => {
    const share = scale(keepReduced(dy!, x!, attributes), 1 / elementsPer(y!, x!));
    return [expand(share, x!.shape)];
  },
  emit({ inputs: [x], outputs: [y] }: Node, attributes) {
    const sum = sumInPieces(x!, attributes.axes, y!.shape);
    if (sum === undefined) return emitReduce('ReduceMean', x!, attributes);
    return { type: 'Div', inputs: [sum, float32([], [elementsPer(y!, x!)])] };
  },
});

/** The largest element over axes: dx = dy where x = y, which every one of equal largest elements gets whole. */
export const ReduceMax = defineOp<ReduceAttributes>({
  name: 'ReduceMax',
  infer: inferReduce,
  gradient: ({ inputs: [x], outputs: [y], attributes, outputGradients: [dy] }) => {
    const below = sign(sub(keepReduced(y!, x!, attributes), x!));
    return [mul(keepReduced(dy!, x!, attributes), sub(x!.graph.scalar(1), below))];
  },
  emit: ({ inputs: [x] }, attributes) => emitReduce('ReduceMax', x!, attributes),
});

/** The axes counted from the front, ascending and each once. */
const normalizeAxes = (axes: readonly number[], rank: number): number[] =>
  [...new Set(axes.map((axis) => normalizeAxis(axis, rank)))].sort((a, b) => a - b);

/** A builder for a reduction. Without axes there is nothing to reduce (ONNX would take it as "all"). */
const callReduce =
  (op: Op<ReduceAttributes>) =>
  (x: Value, axes: readonly number[], { keepDimensions = false }: ReduceOptions = {}): Value => {
    const normalized = normalizeAxes(axes, x.shape.length);
    return normalized.length === 0 ? x : x.graph.apply(op, [x], { axes: normalized, keepDimensions })[0]!;
  };

/** x without axes that a reduction kept with extent 1. */
export function dropReduced(x: Value, axes: readonly number[]): Value {
  const dropped = normalizeAxes(axes, x.shape.length);
  return reshape(
    x,
    x.shape.filter((_, axis) => !dropped.includes(axis)),
  );
}

/** Sum over axes; negative axes count from the end. */
export const reduceSum: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  callReduce(ReduceSum);
/** Mean over axes; negative axes count from the end. */
export const reduceMean: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  callReduce(ReduceMean);
/** Largest element over axes; negative axes count from the end. */
export const reduceMax: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  callReduce(ReduceMax);
