/** Normalisation over the last axis. */
import { invariant } from '../../errors/index.ts';
import type { Value, ValueType } from '../graph.ts';
import { type AttributeValue, defineOp } from '../op.ts';
import { add, mul, scale, sub } from './elementwise.ts';
import { reduceMean } from './reduce.ts';
import { zeros } from './shape.ts';

export interface NormalizationAttributes {
  readonly epsilon: number;
}

/** Types of y and of `statistics` numbers per row. */
function inferNormalization(inputs: readonly ValueType[], statistics: number): ValueType[] {
  const [x, ...parameters] = inputs as [ValueType, ...ValueType[]];
  for (const { shape } of parameters) {
    invariant(
      shape.length === 1 && shape[0] === x.shape.at(-1),
      `normalization of [${x.shape}] by [${shape}]`,
    );
  }
  const perRow = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
  return [x, ...Array.from({ length: statistics }, () => perRow)];
}

const emitted = ({ epsilon }: NormalizationAttributes): Record<string, AttributeValue> => ({
  axis: -1,
  epsilon: { float: epsilon },
  stash_type: 1,
});

const rowMean = (x: Value): Value => reduceMean(x, [-1], { keepDimensions: true });
const cube = (x: Value): Value => mul(mul(x, x), x);

/**
 * For s = (mean(c²) + ε)^(−½) with c a row of n elements, and y = c s ∘ gain. With g = dy ∘ gain:
 * dc = s (g − c s² mean(g ∘ c)) − c s³ ds / n, written as s g − c (s³ (mean(g ∘ c) + ds / n)).
 * `ds` flows only in second derivatives.
 */
function scaledRowGradient(g: Value, c: Value, s: Value, ds: Value | undefined): Value {
  const along = rowMean(mul(g, c));
  const total = ds === undefined ? along : add(along, scale(ds, 1 / c.shape.at(-1)!));
  return sub(mul(g, s), mul(c, mul(cube(s), total)));
}

/**
 * y = c s ∘ gain + bias with c = x − mean(x) and s = (mean(c²) + ε)^(−½); outputs y, mean(x) and s.
 * dx = dc − mean(dc) + dmean / n, dgain = Σ dy ∘ c s, dbias = Σ dy; dc is {@link scaledRowGradient}, and
 * mean(dc) = s mean(g) because the rows of c sum to 0.
 */
export const LayerNormalization = defineOp<NormalizationAttributes>({
  name: 'LayerNormalization',
  infer: (inputs) => inferNormalization(inputs, 2),
  gradient({ inputs, outputs, outputGradients, needs }) {
    const [x, gain] = inputs as [Value, Value];
    const [y, mean, s] = outputs as [Value, Value, Value];
    const [dy = zeros(y.graph, y.shape), dmean, ds] = outputGradients;
    if (!needs[0] && !needs[1]) return [undefined, undefined, dy];
    const c = sub(x, mean);
    const input = () => {
      const g = mul(dy, gain);
      const offset = mul(rowMean(g), s);
      const shift = dmean === undefined ? offset : sub(offset, scale(dmean, 1 / x.shape.at(-1)!));
      return sub(scaledRowGradient(g, c, s, ds), shift);
    };
    return [
      needs[0] ? input() : undefined,
      needs[1] ? mul(dy, mul(c, s)) : undefined,
      needs[2] ? dy : undefined,
    ];
  },
  emit: (node, attributes) => ({
    type: 'LayerNormalization',
    inputs: node.inputs,
    attributes: emitted(attributes),
  }),
});

/** (x − mean) / √(variance + ε) ∘ gain + bias over the last axis; x [..., n], gain and bias [n]. */
export const layerNormalization = (x: Value, gain: Value, bias: Value, epsilon: number): Value =>
  x.graph.apply(LayerNormalization, [x, gain, bias], { epsilon })[0]!;

/** y = x s ∘ gain with s = (mean(x²) + ε)^(−½); outputs y and s. dgain = Σ dy ∘ x s, dx as in the helper. */
export const SimplifiedLayerNormalization = defineOp<NormalizationAttributes>({
  name: 'SimplifiedLayerNormalization',
  infer: (inputs) => inferNormalization(inputs, 1),
  gradient({ inputs, outputs, outputGradients, needs }) {
    const [x, gain] = inputs as [Value, Value];
    const [y, s] = outputs as [Value, Value];
    const [dy = zeros(y.graph, y.shape), ds] = outputGradients;
    return [
      needs[0] ? scaledRowGradient(mul(dy, gain), x, s, ds) : undefined,
      needs[1] ? mul(dy, mul(x, s)) : undefined,
    ];
  },
  emit: (node, attributes) => ({
    type: 'SimplifiedLayerNormalization',
    inputs: node.inputs,
    attributes: emitted(attributes),
  }),
});

/** x / √(mean(x²) + ε) ∘ gain over the last axis (RMSNorm); x [..., n], gain [n]. */
export const rmsNormalization = (x: Value, gain: Value, epsilon: number): Value =>
  x.graph.apply(SimplifiedLayerNormalization, [x, gain], { epsilon })[0]!;
