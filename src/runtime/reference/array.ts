/** The values of the reference engine: every element is a float64 number, integers and masks included. */
import { sizeOf } from '../../numeric/index.ts';

/** A dense row-major array. */
export interface NumberArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Position of an index in an array of this shape. An extent of 1 repeats and leading axes may be missing. */
export function offsetOf(shape: readonly number[], index: readonly number[]): number {
  const lead = index.length - shape.length;
  return shape.reduce(
    (offset, extent, axis) => offset * extent + (extent === 1 ? 0 : index[lead + axis]!),
    0,
  );
}

/** Element at an index, with NumPy broadcasting. */
export const at = ({ shape, data }: NumberArray, index: readonly number[]): number =>
  data[offsetOf(shape, index)]!;

/** Every index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<readonly number[]> {
  const count = sizeOf(shape);
  const index = shape.map(() => 0);
  for (let position = 0; position < count; position++) {
    yield index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** An array made element by element; `element` must not keep the index that it is given. */
export function build(shape: readonly number[], element: (index: readonly number[]) => number): NumberArray {
  const data = new Float64Array(sizeOf(shape));
  let position = 0;
  for (const index of indices(shape)) data[position++] = element(index);
  return { shape, data };
}

/** Each row of the last axis replaced by `row(values)`, which may have another length. */
export function mapRows(x: NumberArray, row: (values: Float64Array) => ArrayLike<number>): NumberArray {
  const width = x.shape.at(-1)!;
  const rows = Array.from({ length: x.data.length / width }, (_, i) =>
    row(x.data.subarray(i * width, (i + 1) * width)),
  );
  const resultWidth = rows[0]?.length ?? width;
  const data = new Float64Array(rows.length * resultWidth);
  rows.forEach((values, i) => {
    data.set(values, i * resultWidth);
  });
  return { shape: [...x.shape.slice(0, -1), resultWidth], data };
}
