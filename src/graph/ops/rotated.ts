/**
 * Products in 8 bits with one scale per row. A rotation of the inner dimension, on both sides of a product, leaves it
 * as it is and spreads what stands out in single channels, which one scale per row could not hold beside the rest.
 */
import { invariant } from '../../errors/index.ts';
import { float32, int64, tensor } from '../../numeric/index.ts';
import type { Graph, Value } from '../graph.ts';
import { defineOp } from '../op.ts';
import { matmul } from './matmul.ts';
import { concat, reshape } from './shape.ts';

/** Neighbouring channels that are rotated together: Hadamard's matrix of this order, divided by its root. */
export const ROTATED = 64;

/** What stands for zero in a row's uint8. */
const ZERO = 128;
/** Below this a row counts as zeros. */
const LEAST_SCALE = 1e-30;

/** Channels with those of zeros that fill up the last block. */
export const rotatedWidth = (inner: number): number => ROTATED * Math.ceil(inner / ROTATED);

/** x ← x H in place, H of Hadamard by Sylvester's construction over √{@link ROTATED}, for every block of x. */
export function rotateBlocks(x: Float32Array | Float64Array): void {
  for (let half = 1; half < ROTATED; half *= 2) {
    for (let i = 0; i < x.length; i++) {
      if ((i & half) !== 0) continue;
      const [a, b] = [x[i]!, x[i + half]!];
      x[i] = a + b;
      x[i + half] = a - b;
    }
  }
  for (let i = 0; i < x.length; i++) x[i]! /= Math.sqrt(ROTATED);
}

/** scale [rows, 1] = max |x| / 127 of every row of x [rows, columns]; a constant to gradients. */
export const RowScales = defineOp({
  name: 'RowScales',
  infer: ([x]) => {
    invariant(x!.shape.length === 2, `RowScales of [${x!.shape}]`);
    return [{ dtype: 'float32', shape: [x!.shape[0]!, 1] }];
  },
  gradient: 'stops',
  // Two sums of maxima read x twice and write nothing as wide: a third of the time of |x| and its maxima.
  emit: ({ inputs: [x] }) => {
    const extreme = (type: string) => ({ type, inputs: [x!, int64([1], [1])], attributes: { keepdims: 1 } });
    const least = float32([], [127 * LEAST_SCALE]);
    const largest = {
      type: 'Max',
      inputs: [extreme('ReduceMax'), { type: 'Neg', inputs: [extreme('ReduceMin')] }, least],
    };
    return { type: 'Mul', inputs: [largest, float32([], [1 / 127])] };
  },
});

/** round(x / scale) + 128 as uint8, for x [rows, columns] and scales [rows, 1]; a constant to gradients. */
export const QuantizeRows = defineOp({
  name: 'QuantizeRows',
  infer: ([x]) => [{ dtype: 'uint8', shape: x!.shape }],
  gradient: 'stops',
  emit: ({ inputs: [x, scales, zeros] }) => {
    const perRow = { type: 'Reshape', inputs: [scales!, int64([1], [x!.shape[0]!])] };
    return { type: 'QuantizeLinear', inputs: [x!, perRow, zeros!], attributes: { axis: 0 } };
  },
});

/** One packing of a weight for {@link rotatedMatmul}. */
export interface RotatedWeight {
  /** int8 [inner, outputs], the inner dimension filled up and rotated: round(HᵀW / scale). */
  readonly values: Value;
  /** float32 [outputs]. */
  readonly scales: Value;
}

/**
 * y = x · W with W frozen in 8 bits, of x (input 0) rotated, quantised by rows (inputs 1, 2: see
 * {@link rotatedMatmul}). W is packed twice: with its inner dimension rotated for this product (inputs 3, 4), and
 * transposed with its output dimension rotated for dx = dy · Wᵀ (inputs 5, 6), the same op with the packings exchanged.
 */
export const MatMulInteger = defineOp({
  name: 'MatMulInteger',
  infer([x, quantized, , values]) {
    const [inner, outputs] = values!.shape as [number, number];
    invariant(
      quantized!.shape[1] === inner && rotatedWidth(x!.shape[1]!) === inner,
      `MatMulInteger of [${x!.shape}] and [${values!.shape}]`,
    );
    return [{ dtype: 'float32', shape: [x!.shape[0]!, outputs] }];
  },
  gradient: ({ inputs, outputGradients }) => {
    const [, , , values, scales, transposedValues, transposedScales] = inputs as Value[];
    return [
      rotatedMatmul(
        outputGradients[0]!,
        { values: transposedValues!, scales: transposedScales! },
        { values: values!, scales: scales! },
      ),
    ];
  },
  emit: ({ inputs: [, quantized, rowScales, values, scales] }) => {
    const product = {
      type: 'MatMulIntegerToFloat',
      domain: 'com.microsoft',
      inputs: [quantized!, values!, float32([], [1]), scales!, tensor('uint8', [], Uint8Array.of(ZERO))],
    } as const;
    return { type: 'Mul', inputs: [product, rowScales!] };
  },
});

/**
 * x · W for x [rows, inner] and a frozen 8-bit W [inner, outputs]; see {@link MatMulInteger} for the two packings.
 * Products with the same x share its rotation and quantisation.
 */
export function rotatedMatmul(x: Value, weight: RotatedWeight, transposed: RotatedWeight): Value {
  const { values, scales } = quantizedRows(x);
  const inputs = [x, values, scales, weight.values, weight.scales, transposed.values, transposed.scales];
  return x.graph.apply(MatMulInteger, inputs, {})[0]!;
}

/** Values of a row in uint8 around 128, and the row's scale. */
interface QuantizedRows {
  readonly values: Value;
  readonly scales: Value;
}

const quantizedOf = new WeakMap<Value, QuantizedRows>();

function quantizedRows(x: Value): QuantizedRows {
  const known = quantizedOf.get(x);
  if (known !== undefined) return known;
  const rotated = rotate(x);
  const scales = rowScales(rotated);
  const made = { values: quantizeRows(rotated, scales), scales };
  quantizedOf.set(x, made);
  return made;
}

function rotate(value: Value): Value {
  const { graph } = value;
  const [rows, inner] = value.shape as [number, number];
  const width = rotatedWidth(inner);
  const missing = width - inner;
  const whole = missing === 0 ? value : concat([value, shared(graph, 'zeros', [rows, missing], () => 0)], 1);
  const blocks = reshape(whole, [(rows * width) / ROTATED, ROTATED]);
  return reshape(matmul(blocks, shared(graph, 'rotation', [ROTATED, ROTATED], hadamard)), [rows, width]);
}

/** Scales of the rows of x [rows, columns], for {@link quantizeRows}: [rows, 1]. */
export const rowScales = (x: Value): Value => x.graph.apply(RowScales, [x], {})[0]!;

/** x [rows, columns] in uint8 around 128. */
export function quantizeRows(x: Value, scales: Value): Value {
  const zeros = shared(x.graph, 'middle', [x.shape[0]!], () => ZERO);
  return x.graph.apply(QuantizeRows, [x, scales, zeros], {})[0]!;
}

/** Entry of Hadamard's matrix: −1 to the number of bits that row and column have in common. */
function hadamard(index: number): number {
  let common = Math.floor(index / ROTATED) & (index % ROTATED);
  let sign = 1;
  for (; common !== 0; common &= common - 1) sign = -sign;
  return sign / Math.sqrt(ROTATED);
}

const constantsOf = new WeakMap<Graph, Map<string, Value>>();

/** A constant that a graph holds once; `middle` is of uint8. */
function shared(
  graph: Graph,
  kind: string,
  shape: readonly number[],
  entry: (index: number) => number,
): Value {
  const constants = constantsOf.get(graph) ?? new Map<string, Value>();
  constantsOf.set(graph, constants);
  const name = `${kind} ${shape}`;
  const length = shape.reduce((product, extent) => product * extent, 1);
  const entries = () => Array.from({ length }, (_, index) => entry(index));
  const value =
    constants.get(name) ??
    graph.constant(
      kind === 'middle' ? tensor('uint8', shape, Uint8Array.from(entries())) : float32(shape, entries()),
    );
  constants.set(name, value);
  return value;
}
