/** Matrix products. */
import { invariant } from '../../errors/index.ts';
import type { Value, ValueType } from '../graph.ts';
import { type AttributeValue, defineOp } from '../op.ts';
import { broadcastShape } from './elementwise.ts';

export interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Factor of the product. */
  readonly alpha: number;
}

const rowsAndColumns = (shape: readonly number[], transpose: boolean): [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
};

/** dA and dB of a product, given dy; see {@link MatMul}. */
function sideGradients(
  [a, b]: readonly [Value, Value],
  { transposeA, transposeB, alpha }: MatMulAttributes,
  dy: Value,
  needs: readonly boolean[],
): (Value | undefined)[] {
  const left = () =>
    transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true, alpha })
      : matmul(dy, b, { transposeB: !transposeB, alpha });
  const right = () =>
    transposeB
      ? matmul(dy, a, { transposeA: true, transposeB: transposeA, alpha })
      : matmul(a, dy, { transposeA: !transposeA, alpha });
  return [needs[0] ? left() : undefined, needs[1] ? right() : undefined];
}

/**
 * y = alpha · op(a) op(b) over the last two axes; leading axes broadcast.
 * With A = op(a), B = op(b): dA = alpha · dy Bᵀ, dB = alpha · Aᵀ dy; each is transposed back where op transposes.
 */
export const MatMul = defineOp<MatMulAttributes>({
  name: 'MatMul',
  infer(inputs, { transposeA, transposeB }) {
    const [a, b] = inputs as [ValueType, ValueType];
    invariant(a.shape.length >= 2 && b.shape.length >= 2, `MatMul of [${a.shape}] and [${b.shape}]`);
    const [m, k] = rowsAndColumns(a.shape, transposeA);
    const [k2, n] = rowsAndColumns(b.shape, transposeB);
    invariant(k === k2, `MatMul of ${m}×${k} and ${k2}×${n}`);
    return [{ dtype: a.dtype, shape: [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] }];
  },
  gradient: ({ inputs, attributes, outputGradients, needs }) =>
    sideGradients(inputs as [Value, Value], attributes, outputGradients[0]!, needs),
  emit(node, { transposeA, transposeB, alpha }) {
    const plain = !transposeA && !transposeB && alpha === 1;
    if (plain) return { type: 'MatMul', inputs: node.inputs };
    const attributes: Record<string, AttributeValue> = {
      transA: Number(transposeA),
      transB: Number(transposeB),
      alpha: { float: alpha },
    };
    const twoDimensional = node.inputs.every((input) => input.shape.length === 2);
    return twoDimensional
      ? { type: 'Gemm', inputs: node.inputs, attributes }
      : { type: 'FusedMatMul', domain: 'com.microsoft', inputs: node.inputs, attributes };
  },
});

/** Options of {@link matmul}: transpose the last two axes of either side, scale the product. */
export type MatMulOptions = Partial<MatMulAttributes>;

/** alpha · op(a) op(b) over the last two axes; leading axes broadcast. */
export function matmul(a: Value, b: Value, options: MatMulOptions = {}): Value {
  const attributes = { transposeA: false, transposeB: false, alpha: 1, ...options };
  return a.graph.apply(MatMul, [a, b], attributes)[0]!;
}

export interface AddMatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * y = c + op(a) op(b) of matrices: the product is added where it is made, without an array of its own.
 * dc = dy, and da, db as for {@link MatMul}.
 */
export const AddMatMul = defineOp<AddMatMulAttributes>({
  name: 'AddMatMul',
  infer([c, a, b], attributes) {
    const product = MatMul.infer([a!, b!], { ...attributes, alpha: 1 })[0]!;
    const fits = product.shape.length === 2 && product.shape.join() === c!.shape.join();
    invariant(fits, `AddMatMul of [${product.shape}] to [${c!.shape}]`);
    return [product];
  },
  gradient: ({ inputs: [, a, b], attributes, outputGradients: [dy], needs: [whole, ...sides] }) => [
    whole ? dy : undefined,
    ...sideGradients([a!, b!], { ...attributes, alpha: 1 }, dy!, sides),
  ],
  emit: ({ inputs: [c, a, b] }, { transposeA, transposeB }) => ({
    type: 'Gemm',
    inputs: [a!, b!, c!],
    attributes: { transA: Number(transposeA), transB: Number(transposeB) },
  }),
});

/** c + op(a) op(b) of matrices. An engine may write the sum over c. */
export const addMatmul = (c: Value, a: Value, b: Value, options: Partial<AddMatMulAttributes> = {}): Value =>
  c.graph.apply(AddMatMul, [c, a, b], { transposeA: false, transposeB: false, ...options })[0]!;

/** One packing of a weight for {@link quantizedMatmul}. */
export interface QuantizedWeight {
  /** uint8 [outputs, blocks, blockSize]: round(w / scale) + 128 along the inner dimension. */
  readonly values: Value;
  /** float32 [outputs · blocks]. */
  readonly scales: Value;
}

export interface MatMulNBitsAttributes {
  readonly inner: number;
  readonly outputs: number;
  readonly blockSize: number;
}

/**
 * y = x · W with W frozen in 8 bits, packed twice: along its inner dimension for this product (inputs 1, 2), and
 * along its output dimension for dx = dy · Wᵀ (inputs 3, 4), which is the same op with the packings exchanged.
 */
export const MatMulNBits = defineOp<MatMulNBitsAttributes>({
  name: 'MatMulNBits',
  infer(inputs, { inner, outputs }) {
    const x = inputs[0]!;
    invariant(x.shape.at(-1) === inner, `MatMulNBits of [${x.shape}] with inner dimension ${inner}`);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), outputs] }];
  },
  gradient: ({ inputs, attributes: { inner, outputs, blockSize }, outputGradients }) => {
    const [, values, scales, transposedValues, transposedScales] = inputs as Value[];
    return [
      quantizedMatmul(
        outputGradients[0]!,
        { values: transposedValues!, scales: transposedScales! },
        { values: values!, scales: scales! },
        { inner: outputs, outputs: inner, blockSize },
      ),
    ];
  },
  emit: (node, { inner, outputs, blockSize }) => ({
    type: 'MatMulNBits',
    domain: 'com.microsoft',
    inputs: node.inputs.slice(0, 3),
    attributes: { K: inner, N: outputs, bits: 8, block_size: blockSize, accuracy_level: 4 },
  }),
});

/** x · W for a frozen 8-bit W [inner, outputs]; see {@link MatMulNBits} for the two packings. */
export function quantizedMatmul(
  x: Value,
  weight: QuantizedWeight,
  transposed: QuantizedWeight,
  attributes: MatMulNBitsAttributes,
): Value {
  const inputs = [x, weight.values, weight.scales, transposed.values, transposed.scales];
  return x.graph.apply(MatMulNBits, inputs, attributes)[0]!;
}
