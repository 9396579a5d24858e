/** Ops that move, select or retype elements and compute nothing. */
import { invariant } from '../../errors/index.ts';
import { type DType, int64, sizeOf } from '../../numeric/index.ts';
import type { Graph, Value, ValueType } from '../graph.ts';
import { defineOp } from '../op.ts';
import { broadcastShape } from './elementwise.ts';

/** Axis counted from the front; a negative one counts from the end. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  invariant(
    Number.isInteger(axis) && normalized >= 0 && normalized < rank,
    `axis ${axis} of a tensor of rank ${rank}`,
  );
  return normalized;
}

/** `shape` with another extent on one axis. */
const withExtent = (shape: readonly number[], axis: number, extent: number): number[] =>
  shape.map((other, index) => (index === axis ? extent : other));

/** Zeros of a shape, made at run time so that they take no room in the model. */
export const zeros = (graph: Graph, shape: readonly number[]): Value => expand(graph.scalar(0), shape);

export interface ShapeAttributes {
  readonly shape: readonly number[];
}

/** The same elements in another shape: dx = dy in x's shape. */
export const Reshape = defineOp<ShapeAttributes>({
  name: 'Reshape',
  infer([x], { shape }) {
    invariant(sizeOf(x!.shape) === sizeOf(shape), `Reshape of [${x!.shape}] to [${shape}]`);
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [reshape(dy!, x!.shape)],
  emit: (node, { shape }) => ({
    type: 'Reshape',
    inputs: [node.inputs[0]!, int64([shape.length], shape)],
    // An extent of 0 means 0 here, never "as in the input".
    attributes: { allowzero: 1 },
  }),
});

/** x in another shape; one extent may be −1 and is then what is left. */
export function reshape(x: Value, shape: readonly number[]): Value {
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const resolved = shape.map((extent) => (extent === -1 ? sizeOf(x.shape) / known : extent));
  const same =
    resolved.length === x.shape.length && resolved.every((extent, axis) => extent === x.shape[axis]);
  return same ? x : x.graph.apply(Reshape, [x], { shape: resolved })[0]!;
}

export interface TransposeAttributes {
  /** Output axis i is input axis permutation[i]. */
  readonly permutation: readonly number[];
}

/** Axes in another order: dx = dy with the order undone. */
export const Transpose = defineOp<TransposeAttributes>({
  name: 'Transpose',
  infer([x], { permutation }) {
    const axes = [...permutation].sort((a, b) => a - b);
    invariant(
      axes.length === x!.shape.length && axes.every((axis, index) => axis === index),
      `Transpose of [${x!.shape}] by [${permutation}]`,
    );
    return [{ dtype: x!.dtype, shape: permutation.map((axis) => x!.shape[axis]!) }];
  },
  gradient: ({ attributes: { permutation }, outputGradients: [dy] }) => [
    transpose(
      dy!,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  emit: (node, { permutation }) => ({
    type: 'Transpose',
    inputs: node.inputs,
    attributes: { perm: permutation },
  }),
});

/** x with its axes reordered: axis i of the result is axis permutation[i] of x. */
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  permutation.every((axis, index) => axis === index) && permutation.length === x.shape.length
    ? x
    : x.graph.apply(Transpose, [x], { permutation: [...permutation] })[0]!;

/** Broadcast to a larger shape: dx = dy, which the backward walk sums. */
export const Expand = defineOp<ShapeAttributes>({
  name: 'Expand',
  infer([x], { shape }) {
    const result = broadcastShape(x!.shape, shape);
    invariant(
      result.every((extent, axis) => extent === shape[axis]),
      `Expand of [${x!.shape}] to [${shape}]`,
    );
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ outputGradients: [dy] }) => [dy],
  emit: (node, { shape }) => ({ type: 'Expand', inputs: [node.inputs[0]!, int64([shape.length], shape)] }),
});

/** x broadcast to `shape`. */
export const expand = (x: Value, shape: readonly number[]): Value =>
  x.shape.length === shape.length && shape.every((extent, axis) => extent === x.shape[axis])
    ? x
    : x.graph.apply(Expand, [x], { shape: [...shape] })[0]!;

export interface SplitAttributes {
  readonly axis: number;
  readonly sizes: readonly number[];
}

/** Parts along an axis: dx = the parts' gradients side by side, zeros where nothing flows. */
export const Split = defineOp<SplitAttributes>({
  name: 'Split',
  infer([x], { axis, sizes }) {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    invariant(total === x!.shape[axis], `Split of axis ${axis} of [${x!.shape}] into [${sizes}]`);
    return sizes.map((size) => ({ dtype: x!.dtype, shape: withExtent(x!.shape, axis, size) }));
  },
  gradient: ({ inputs: [x], outputs, attributes: { axis }, outputGradients }) => [
    concat(
      outputs.map((output, index) => outputGradients[index] ?? zeros(x!.graph, output.shape)),
      axis,
    ),
  ],
  emit: (node, { axis, sizes }) => ({
    type: 'Split',
    inputs: [node.inputs[0]!, int64([sizes.length], sizes)],
    attributes: { axis },
  }),
});

/** x cut along an axis into parts of the given sizes, which add up to its extent. */
export const split = (x: Value, axis: number, sizes: readonly number[]): Value[] =>
  x.graph.apply(Split, [x], { axis: normalizeAxis(axis, x.shape.length), sizes: [...sizes] });

export interface AxisAttributes {
  readonly axis: number;
}

/** Values side by side along an axis: the gradient of each is its part of dy. */
export const Concat = defineOp<AxisAttributes>({
  name: 'Concat',
  infer(inputs, { axis }) {
    const [first] = inputs as [ValueType, ...ValueType[]];
    const fits = ({ dtype, shape }: ValueType) =>
      dtype === first.dtype &&
      shape.length === first.shape.length &&
      shape.every((extent, index) => index === axis || extent === first.shape[index]);
    invariant(
      inputs.every(fits),
      `Concat on axis ${axis} of ${inputs.map(({ shape }) => `[${shape}]`).join(', ')}`,
    );
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return [{ dtype: first.dtype, shape: withExtent(first.shape, axis, total) }];
  },
  gradient({ inputs, attributes: { axis }, outputGradients: [dy], needs }) {
    let end = 0;
    return inputs.map((input, index) => {
      const start = end;
      end += input.shape[axis]!;
      return needs[index] ? slice(dy!, axis, start, end) : undefined;
    });
  },
  emit: (node, { axis }) => ({ type: 'Concat', inputs: node.inputs, attributes: { axis } }),
});

/** Values joined along an axis; their other extents are equal. */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  invariant(first !== undefined, 'concat of nothing');
  return values.length === 1
    ? first
    : first.graph.apply(Concat, values, { axis: normalizeAxis(axis, first.shape.length) })[0]!;
}

export interface SliceAttributes {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** The part [start, end) of an axis: dx = dy with zeros before and after. */
export const Slice = defineOp<SliceAttributes>({
  name: 'Slice',
  infer([x], { axis, start, end }) {
    const extent = x!.shape[axis]!;
    invariant(
      0 <= start && start <= end && end <= extent,
      `Slice [${start}, ${end}) of axis ${axis} of [${x!.shape}]`,
    );
    return [{ dtype: x!.dtype, shape: withExtent(x!.shape, axis, end - start) }];
  },
  gradient({ inputs: [x], attributes: { axis, start, end }, outputGradients: [dy] }) {
    const padding = (extent: number) =>
      extent === 0 ? [] : [zeros(x!.graph, withExtent(x!.shape, axis, extent))];
    return [concat([...padding(start), dy!, ...padding(x!.shape[axis]! - end)], axis)];
  },
  emit: (node, { axis, start, end }) => ({
    type: 'Slice',
    inputs: [node.inputs[0]!, int64([1], [start]), int64([1], [end]), int64([1], [axis])],
  }),
});

/** Elements [start, end) of one axis of x. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const normalized = normalizeAxis(axis, x.shape.length);
  const whole = start === 0 && end === x.shape[normalized];
  return whole ? x : x.graph.apply(Slice, [x], { axis: normalized, start, end })[0]!;
}

export interface CastAttributes {
  readonly dtype: DType;
}

/** Numbers of the element types in ONNX's TensorProto.DataType. */
const onnxType: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** Another element type. No gradient: casts here make masks and indices. */
export const Cast = defineOp<CastAttributes>({
  name: 'Cast',
  infer: ([x], { dtype }) => [{ dtype, shape: x!.shape }],
  gradient: null,
  emit: (node, { dtype }) => ({ type: 'Cast', inputs: node.inputs, attributes: { to: onnxType[dtype] } }),
});

/** x with elements of another type. */
export const cast = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : x.graph.apply(Cast, [x], { dtype })[0]!;
