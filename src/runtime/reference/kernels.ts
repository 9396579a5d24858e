/** One plain kernel per op. The table's type makes a forgotten op an error of compilation. */
import { type Op, type OpName, type ops, rotateBlocks } from '../../graph/index.ts';
import { at, build, indices, mapRows, type NumberArray, offsetOf } from './array.ts';
import { erf, largest, mean, sigmoid, sum, sumOfExponentials } from './functions.ts';

/** Computes the outputs, whose shapes are given, from the inputs. */
export type Kernel<A> = (
  inputs: readonly NumberArray[],
  shapes: readonly (readonly number[])[],
  attributes: A,
) => NumberArray[];

type AttributesOf<T> = T extends Op<infer A> ? A : never;

const unary =
  (apply: (x: number) => number): Kernel<unknown> =>
  ([x]) => [{ shape: x!.shape, data: x!.data.map(apply) }];

const binary =
  (apply: (a: number, b: number) => number): Kernel<unknown> =>
  ([a, b], [shape]) => [build(shape!, (index) => apply(at(a!, index), at(b!, index)))];

/** A reduction: `fold` gets the elements that fall together. */
const reduction =
  (fold: (values: readonly number[]) => number): Kernel<{ readonly axes: readonly number[] }> =>
  ([x], [shape], { axes }) => {
    const kept = x!.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const groups: number[][] = [];
    let position = 0;
    for (const index of indices(x!.shape)) {
      const group = offsetOf(kept, index);
      groups[group] ??= [];
      groups[group].push(x!.data[position++]!);
    }
    return [{ shape: shape!, data: Float64Array.from(groups, fold) }];
  };

/** (x − center) s ∘ gain + bias over rows, with s = (mean((x − center)²) + ε)^(−½); then each row's center and s. */
function normalize(
  [x, gain, bias]: readonly NumberArray[],
  epsilon: number,
  centerOf: (row: Float64Array) => number,
): { y: NumberArray; center: NumberArray; s: NumberArray } {
  const scaleOf = (row: Float64Array) =>
    1 / Math.sqrt(mean(row.map((value) => (value - centerOf(row)) ** 2)) + epsilon);
  return {
    y: mapRows(x!, (row) =>
      row.map((value, i) => (value - centerOf(row)) * scaleOf(row) * gain!.data[i]! + (bias?.data[i] ?? 0)),
    ),
    center: mapRows(x!, (row) => [centerOf(row)]),
    s: mapRows(x!, (row) => [scaleOf(row)]),
  };
}

const replaceAxis = (index: readonly number[], axis: number, value: number): number[] =>
  index.map((other, position) => (position === axis ? value : other));

/** The part of an array that starts at `start` along `axis`. */
const part = (x: NumberArray, shape: readonly number[], axis: number, start: number): NumberArray =>
  build(shape, (index) => at(x, replaceAxis(index, axis, index[axis]! + start)));

const matmul: Kernel<AttributesOf<typeof ops.MatMul>> = (
  [a, b],
  [shape],
  { transposeA, transposeB, alpha },
) => {
  const inner = a!.shape.at(transposeA ? -2 : -1)!;
  const product = (index: readonly number[]) => {
    const lead = index.slice(0, -2);
    const [row, column] = index.slice(-2) as [number, number];
    let total = 0;
    for (let k = 0; k < inner; k++) {
      const left = at(a!, [...lead, ...(transposeA ? [k, row] : [row, k])]);
      total += left * at(b!, [...lead, ...(transposeB ? [column, k] : [k, column])]);
    }
    return alpha * total;
  };
  return [build(shape!, product)];
};

/** The weight is (value − 128) · scale of its block; the activations stay exact here. */
const matmulNBits: Kernel<AttributesOf<typeof ops.MatMulNBits>> = (
  [x, values, scales],
  [shape],
  attributes,
) => {
  const { inner, blockSize } = attributes;
  const blocks = Math.ceil(inner / blockSize);
  const weight = (k: number, output: number) => {
    const block = output * blocks + Math.floor(k / blockSize);
    return (values!.data[block * blockSize + (k % blockSize)]! - 128) * scales!.data[block]!;
  };
  const y = mapRows(x!, (row) =>
    Array.from({ length: attributes.outputs }, (_, output) =>
      sum(row.map((value, k) => value * weight(k, output))),
    ),
  );
  return [{ shape: shape!, data: y.data }];
};

/** Exact where the engine's activations are rounded: of x itself, rotated. */
const matmulInteger: Kernel<unknown> = ([x, , , values, scales], [shape]) => {
  const [inner, outputs] = values!.shape as [number, number];
  const y = mapRows(x!, (row) => {
    const rotated = new Float64Array(inner);
    rotated.set(row);
    rotateBlocks(rotated);
    return Array.from(
      { length: outputs },
      (_, output) =>
        scales!.data[output]! * sum(rotated.map((value, k) => value * values!.data[k * outputs + output]!)),
    );
  });
  return [{ shape: shape!, data: y.data }];
};

const concat: Kernel<AttributesOf<typeof ops.Concat>> = (inputs, [shape], { axis }) => {
  const element = (index: readonly number[]) => {
    let position = index[axis]!;
    const owner = inputs.find((input) => {
      const inside = position < input.shape[axis]!;
      if (!inside) position -= input.shape[axis]!;
      return inside;
    })!;
    return at(owner, replaceAxis(index, axis, position));
  };
  return [build(shape!, element)];
};

const split: Kernel<AttributesOf<typeof ops.Split>> = ([x], shapes, { axis, sizes }) => {
  let end = 0;
  return shapes.map((shape, output) => {
    const start = end;
    end += sizes[output]!;
    return part(x!, shape, axis, start);
  });
};

const scatterAdd: Kernel<unknown> = ([base, rows, updates]) => {
  const data = Float64Array.from(base!.data);
  const width = data.length / base!.shape[0]!;
  updates!.data.forEach((value, position) => {
    const row = rows!.data[position]!;
    data[row * width + (position % width)]! += value;
  });
  return [{ shape: base!.shape, data }];
};

const gather: Kernel<unknown> = ([table, rows], [shape]) => {
  const width = table!.data.length / table!.shape[0]!;
  const parts = Array.from(rows!.data, (row) => [...table!.data.subarray(row * width, (row + 1) * width)]);
  return [{ shape: shape!, data: Float64Array.from(parts.flat()) }];
};

const rotaryEmbedding: Kernel<unknown> = ([x, cos, sin], [shape]) => {
  const half = shape!.at(-1)! / 2;
  const element = (index: readonly number[]) => {
    const [token, column] = index.slice(-2) as [number, number];
    const angle = [token, column % half];
    const partner = at(x!, replaceAxis(index, 3, (column + half) % (2 * half)));
    const turned = column < half ? -partner : partner;
    return at(x!, index) * at(cos!, angle) + turned * at(sin!, angle);
  };
  return [build(shape!, element)];
};

export const kernels: { readonly [P in OpName]: Kernel<AttributesOf<(typeof ops)[P]>> } = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Erf: unary(erf),
  Tanh: unary(Math.tanh),
  Sigmoid: unary(sigmoid),
  Relu: unary((x) => Math.max(x, 0)),
  Sign: unary(Math.sign),
  StopGradient: unary((x) => x),
  Gelu: unary((x) => (x / 2) * (1 + erf(x * Math.SQRT1_2))),
  FastGelu: unary((x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  QuickGelu: unary((x) => x * sigmoid(x)),
  MatMul: matmul,
  AddMatMul: ([c, a, b], shapes, attributes) => {
    const [product] = matmul([a!, b!], shapes, { ...attributes, alpha: 1 });
    return [build(shapes[0]!, (index) => at(c!, index) + at(product!, index))];
  },
  MatMulNBits: matmulNBits,
  MatMulInteger: matmulInteger,
  RowScales: ([x]) => [mapRows(x!, (row) => [Math.max(largest(row.map(Math.abs)) / 127, 1e-30)])],
  QuantizeRows: ([x, scales], [shape]) => [
    build(shape!, ([row, column]) => {
      const value = at(x!, [row!, column!]) / scales!.data[row!]!;
      return 128 + Math.min(127, Math.max(-128, Math.round(value)));
    }),
  ],
  ReduceSum: reduction(sum),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(largest),
  Softmax: ([x]) => [
    mapRows(x!, (row) => {
      const [max, total] = [largest(row), sumOfExponentials(row)];
      return row.map((value) => Math.exp(value - max) / total);
    }),
  ],
  LayerNormalization: (inputs, _shapes, { epsilon }) => {
    const { y, center, s } = normalize(inputs, epsilon, mean);
    return [y, center, s];
  },
  SimplifiedLayerNormalization: (inputs, _shapes, { epsilon }) => {
    const { y, s } = normalize(inputs, epsilon, () => 0);
    return [y, s];
  },
  Reshape: ([x], [shape]) => [{ shape: shape!, data: x!.data }],
  Transpose: ([x], [shape], { permutation }) => [
    build(shape!, (index) =>
      at(
        x!,
        permutation.map((_, axis) => index[permutation.indexOf(axis)]!),
      ),
    ),
  ],
  Expand: ([x], [shape]) => [build(shape!, (index) => at(x!, index))],
  Split: split,
  Concat: concat,
  Slice: ([x], [shape], { axis, start }) => [part(x!, shape!, axis, start)],
  Cast: ([x], _shapes, { dtype }) => {
    if (dtype === 'bool') return unary((value) => Number(value !== 0))([x!], [], {});
    return dtype.startsWith('float') ? [x!] : unary(Math.trunc)([x!], [], {});
  },
  Gather: gather,
  ScatterAdd: scatterAdd,
  RotaryEmbedding: rotaryEmbedding,
};
