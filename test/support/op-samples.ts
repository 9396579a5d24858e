/** Samples of every op: what the derivative checker differentiates and what both engines must agree on. */
import * as g from '../../src/graph/index.ts';
import type { Factor } from '../../src/models/int8/kernel.ts';
import { packRotated } from '../../src/models/int8/rotated.ts';
import { createRng, float32, int64, type Tensor, tensor } from '../../src/numeric/index.ts';

type Values = readonly g.Value[];

export interface Sample {
  readonly title: string;
  /** Fed in this order; those of float32 up to `differentiable` are differentiated. */
  readonly feeds: readonly Tensor[];
  /** How many of the leading feeds are differentiated; default: every float32 one. */
  readonly differentiable?: number;
  readonly build: (inputs: Values) => Values;
}

const rng = createRng(20);
const numbers = (shape: readonly number[], number: () => number): Tensor =>
  float32(shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, number));
const normal = (...shape: number[]): Tensor => numbers(shape, rng.normal);
/** In [0.5, 1.5), where logarithms, roots and quotients are smooth. */
const positive = (...shape: number[]): Tensor => numbers(shape, () => 0.5 + rng.uniform());
/** At least 0.2 away from 0, where Relu and Sign have no derivative. */
const away = (...shape: number[]): Tensor =>
  numbers(shape, () => (rng.uniform() < 0.5 ? -1 : 1) * (0.2 + rng.uniform()));

const sample = (
  title: string,
  feeds: readonly Tensor[],
  build: (...inputs: g.Value[]) => g.Value | Values,
  differentiable?: number,
): Sample => ({
  title,
  feeds,
  build: (inputs) => [build(...inputs)].flat() as Values,
  ...(differentiable === undefined ? {} : { differentiable }),
});

/** Both packings of a weight [inner, outputs] for rotated products. */
function rotatedWeight(inner: number, outputs: number, weight: Float32Array): Tensor[] {
  const pack = (factor: Pick<Factor, 'inner' | 'outputs' | 'innerStride' | 'outputStride'>) => {
    const { values, scales } = packRotated({ matrix: weight, ...factor });
    return [
      tensor('int8', [values.length / factor.outputs, factor.outputs], values),
      float32([factor.outputs], scales),
    ];
  };
  return [
    ...pack({ inner, outputs, innerStride: outputs, outputStride: 1 }),
    ...pack({ inner: outputs, outputs: inner, innerStride: 1, outputStride: outputs }),
  ];
}

/** Of H D H with integers on the diagonal D: rotated on either side, its entries are those integers over 8. */
function exactlyRotated(): Tensor[] {
  const rows = Array.from({ length: 64 }, (_, row) => {
    const unit = Float64Array.from({ length: 64 }, (_zero, column) => (row === column ? 1 : 0));
    g.rotateBlocks(unit);
    const scaled = unit.map((value, k) => value * (127 - k));
    g.rotateBlocks(scaled);
    return [...scaled];
  });
  return rotatedWeight(64, 64, Float32Array.from(rows.flat()));
}

const rotatedProduct = (...[x, values, scales, transposedValues, transposedScales]: g.Value[]) =>
  g.rotatedMatmul(
    x!,
    { values: values!, scales: scales! },
    { values: transposedValues!, scales: transposedScales! },
  );

const broadcasts = (op: (a: g.Value, b: g.Value) => g.Value, make = normal): Sample[] => [
  sample('same shape', [make(2, 3), make(2, 3)], op),
  sample('a row on the right', [make(2, 3), make(3)], op),
  sample('a column on the left', [make(3, 1), make(2, 3, 4)], op),
  sample('both sides broadcast', [make(2, 1), make(1, 3)], op),
  sample('a scalar', [make(), make(2, 2)], op),
  sample('one value on both sides', [make(2, 3)], (x) => op(g.mul(x, x), x)),
];
const unary = (op: (x: g.Value) => g.Value, make = normal): Sample[] => [
  sample('three axes', [make(2, 3, 2)], op),
  sample('a scalar', [make()], op),
];
const activation = (op: (x: g.Value) => g.Value): Sample[] => [sample('three axes', [normal(2, 3, 4)], op)];
const reductions = (op: typeof g.reduceSum): Sample[] => [
  sample('last axis', [normal(3, 4)], (x) => op(x, [-1])),
  sample('first axis, kept', [normal(3, 4)], (x) => op(x, [0], { keepDimensions: true })),
  sample('two axes apart', [normal(2, 3, 4)], (x) => op(x, [2, 0])),
  sample('all axes', [normal(2, 3)], (x) => op(x, [0, 1])),
  sample('last axis of three, kept', [normal(2, 3, 4)], (x) => op(x, [2], { keepDimensions: true })),
];

/** Both packings of one weight: with all scales equal they hold exactly the same numbers. */
function quantized(inner: number, outputs: number, blockSize: number): Tensor[] {
  const weight = Array.from({ length: inner }, () =>
    Array.from({ length: outputs }, () => 1 + rng.integer(255)),
  );
  const packed = (rows: number, columns: number, value: (row: number, column: number) => number) => {
    const data = Array.from({ length: rows * columns }, (_, i) =>
      value(Math.floor(i / columns), i % columns),
    );
    const blocks = columns / blockSize;
    return [
      tensor('uint8', [rows, blocks, blockSize], Uint8Array.from(data)),
      numbers([rows * blocks], () => 0.01),
    ];
  };
  return [
    ...packed(outputs, inner, (output, k) => weight[k]![output]!),
    ...packed(inner, outputs, (k, output) => weight[k]![output]!),
  ];
}

const table = int64([2, 3], [4, 0, 1, 4, 4, 2]);

export const opSamples: Record<g.OpName, readonly Sample[]> = {
  Add: broadcasts(g.add),
  Sub: broadcasts(g.sub),
  Mul: broadcasts(g.mul),
  Div: broadcasts(g.div, positive),
  Neg: unary(g.neg),
  Exp: unary(g.exp),
  Log: unary(g.log, positive),
  Sqrt: unary(g.sqrt, positive),
  Erf: unary(g.erf),
  Tanh: unary(g.tanh),
  Sigmoid: unary(g.sigmoid),
  Relu: unary(g.relu, away),
  Sign: unary(g.sign, away),
  Gelu: activation(g.gelu),
  FastGelu: activation(g.geluTanh),
  QuickGelu: activation(g.silu),
  MatMul: [
    sample('plain', [normal(2, 3), normal(3, 4)], (a, b) => g.matmul(a, b)),
    ...[true, false].flatMap((transposeA) =>
      [true, false].map((transposeB) =>
        sample(
          `transposeA ${transposeA}, transposeB ${transposeB}, alpha`,
          [transposeA ? normal(3, 2) : normal(2, 3), transposeB ? normal(4, 3) : normal(3, 4)],
          (a, b) => g.matmul(a, b, { transposeA, transposeB, alpha: 0.7 }),
        ),
      ),
    ),
    ...[true, false].flatMap((transposeA) =>
      [true, false].map((transposeB) =>
        sample(
          `batched, transposeA ${transposeA}, transposeB ${transposeB}`,
          [
            transposeA ? normal(2, 2, 4, 3) : normal(2, 2, 3, 4),
            transposeB ? normal(2, 2, 2, 4) : normal(2, 2, 4, 2),
          ],
          (a, b) => g.matmul(a, b, { transposeA, transposeB, alpha: 0.5 }),
        ),
      ),
    ),
    sample('a batch times one matrix', [normal(2, 3, 4), normal(4, 2)], (a, b) => g.matmul(a, b)),
    sample('one matrix times a batch', [normal(3, 4), normal(2, 4, 2)], (a, b) => g.matmul(a, b)),
    sample('grouped heads', [normal(1, 2, 3, 4), normal(1, 1, 3, 4)], (a, b) =>
      g.matmul(a, b, { transposeB: true }),
    ),
    sample('a value with itself', [normal(3, 3)], (a) => g.matmul(a, a, { transposeB: true })),
  ],
  AddMatMul: [true, false].flatMap((transposeA) =>
    [true, false].map((transposeB) =>
      sample(
        `transposeA ${transposeA}, transposeB ${transposeB}`,
        [normal(2, 4), transposeA ? normal(3, 2) : normal(2, 3), transposeB ? normal(4, 3) : normal(3, 4)],
        (c, a, b) => g.addMatmul(c!, a!, b!, { transposeA, transposeB }),
      ),
    ),
  ),
  MatMulNBits: [
    sample(
      'two packings of one weight',
      [normal(3, 64), ...quantized(64, 32, 32)],
      (x, values, scales, transposedValues, transposedScales) =>
        g.quantizedMatmul(
          x!,
          { values: values!, scales: scales! },
          { values: transposedValues!, scales: transposedScales! },
          { inner: 64, outputs: 32, blockSize: 32 },
        ),
      1,
    ),
  ],
  MatMulInteger: [
    sample(
      'a weight that both packings hold exactly',
      [normal(3, 64), ...exactlyRotated()],
      rotatedProduct,
      1,
    ),
    sample(
      'widths that blocks do not divide',
      [normal(3, 70), ...rotatedWeight(70, 33, Float32Array.from({ length: 70 * 33 }, rng.normal))],
      rotatedProduct,
      0,
    ),
  ],
  RowScales: [sample('rows, one of zeros', [float32([3, 2], [1, -127, 0, 0, 254, 2])], g.rowScales, 0)],
  QuantizeRows: [
    sample(
      'rows of several sizes',
      [float32([2, 4], [127, -127, 3.3, 0, -0.254, 0.1, 0.0021, 0]), float32([2, 1], [1, 0.002])],
      g.quantizeRows,
      0,
    ),
  ],
  ReduceSum: reductions(g.reduceSum),
  ReduceMean: reductions(g.reduceMean),
  ReduceMax: reductions(g.reduceMax),
  // Inside log-sum-exp, which does not depend on what it takes for a constant.
  StopGradient: [
    ...reductions(g.reduceLogSumExp),
    sample('where exp overflows', [numbers([3, 4], () => 200 + rng.normal())], (x) =>
      g.reduceLogSumExp(x, [-1]),
    ),
  ],
  Softmax: [
    sample('matrix', [normal(3, 4)], g.softmax),
    sample('four axes', [normal(1, 2, 2, 3)], g.softmax),
  ],
  LayerNormalization: [
    sample('three axes', [normal(2, 3, 4), normal(4), normal(4)], (x, gain, bias) =>
      g.layerNormalization(x, gain, bias, 1e-5),
    ),
    sample('all three outputs, large epsilon', [normal(3, 4), normal(4), normal(4)], (x, gain, bias) =>
      x.graph.apply(g.LayerNormalization, [x, gain, bias], { epsilon: 0.1 }),
    ),
    sample(
      'only the statistics',
      [normal(3, 4), normal(4), normal(4)],
      (x, gain, bias) => x.graph.apply(g.LayerNormalization, [x, gain, bias], { epsilon: 0.1 }).slice(1),
      1,
    ),
  ],
  SimplifiedLayerNormalization: [
    sample('three axes', [normal(2, 3, 4), normal(4)], (x, gain) => g.rmsNormalization(x, gain, 1e-6)),
    sample('both outputs, large epsilon', [normal(3, 4), normal(4)], (x, gain) =>
      x.graph.apply(g.SimplifiedLayerNormalization, [x, gain], { epsilon: 0.1 }),
    ),
  ],
  Reshape: [
    sample('an extent left open', [normal(2, 3, 4)], (x) => g.reshape(x, [4, -1])),
    sample('to a scalar', [normal(1, 1)], (x) => g.reshape(x, [])),
  ],
  Transpose: [
    sample('matrix', [normal(2, 3)], (x) => g.transpose(x, [1, 0])),
    sample('a cycle of three', [normal(2, 3, 4)], (x) => g.transpose(x, [2, 0, 1])),
    sample('heads', [normal(2, 3, 2, 4)], (x) => g.transpose(x, [0, 2, 1, 3])),
  ],
  Expand: [
    sample('a column', [normal(2, 1)], (x) => g.expand(x, [2, 3])),
    sample('new leading axes', [normal(3)], (x) => g.expand(x, [2, 2, 3])),
    sample('a scalar', [normal()], (x) => g.expand(x, [2, 2])),
  ],
  Split: [
    sample('all parts', [normal(2, 6)], (x) => g.split(x, 1, [1, 2, 3])),
    sample('some parts', [normal(2, 6)], (x) => {
      const parts = g.split(x, -1, [1, 2, 3]);
      return [parts[2]!, g.mul(parts[0]!, parts[0]!)];
    }),
  ],
  Concat: [
    sample('three values', [normal(2, 1), normal(2, 3), normal(2, 2)], (...values) => g.concat(values, 1)),
    sample('first axis, one value twice', [normal(2, 3)], (x) => g.concat([x, x], 0)),
    sample('only one value differentiated', [normal(2, 3), normal(2, 3)], (a, b) => g.concat([a, b], -1), 1),
  ],
  Slice: [
    sample('the middle', [normal(3, 5)], (x) => g.slice(x, 1, 1, 3)),
    sample('the start', [normal(3, 5)], (x) => g.slice(x, 0, 0, 2)),
    sample('the end', [normal(2, 3, 2)], (x) => g.slice(x, -2, 1, 3)),
  ],
  Cast: [
    sample('integers to floats', [int64([3], [-2, 0, 7])], (x) => g.cast(x, 'float32')),
    sample('floats to integers', [float32([4], [-1.7, 0, 0.9, 5])], (x) => g.cast(x, 'int64'), 0),
    sample('floats to truth', [float32([3], [-1.5, 0, 2])], (x) => g.cast(g.cast(x, 'bool'), 'int32'), 0),
  ],
  Gather: [
    sample('rows, some of them twice', [normal(5, 3), table], g.gather),
    sample('elements of a vector', [normal(5), table], g.gather),
    sample('matrices', [normal(5, 2, 2), table], g.gather),
  ],
  ScatterAdd: [
    sample('rows, some of them twice', [normal(2, 3, 4), table], (x, indices) =>
      g.scatterAdd([5, 4], indices, x),
    ),
    sample('elements', [normal(2, 3), table], (x, indices) => g.scatterAdd([6], indices, x)),
    sample('onto a base', [normal(5, 2), normal(6, 2), table], (base, updates, indices) =>
      base.graph.apply(g.ScatterAdd, [base, g.expand(g.reshape(indices, [6, 1]), [6, 2]), updates], {}),
    ),
  ],
  RotaryEmbedding: [
    sample(
      'tables longer than the text',
      [normal(2, 2, 3, 4), normal(5, 2), normal(5, 2)],
      (x, cos, sin) => g.rotaryEmbedding(x, cos, sin),
      1,
    ),
  ],
};

/** The number of leading feeds of a sample that are differentiated. */
const differentiableCount = ({ feeds, differentiable }: Sample): number =>
  differentiable ?? feeds.filter(({ dtype }) => dtype === 'float32').length;

/** A sample as a graph: its inputs x0, x1, …, those to differentiate, and its results. */
export function sampleGraph(sample: Sample): {
  graph: g.Graph;
  inputs: Values;
  wrt: Values;
  results: Values;
} {
  const graph = new g.Graph();
  const inputs = sample.feeds.map(({ dtype, shape }, index) => graph.input(`x${index}`, dtype, shape));
  return { graph, inputs, wrt: inputs.slice(0, differentiableCount(sample)), results: sample.build(inputs) };
}

/** The feeds of {@link sampleGraph}. */
export const sampleFeeds = ({ feeds }: Sample): Record<string, Tensor> =>
  Object.fromEntries(feeds.map((feed, index) => [`x${index}`, feed]));

/** Σ over results of ⟨result, w⟩ with random weights w: a scalar that depends on every element. */
export function randomProjection(results: Values, seed: number): g.Value {
  const weights = createRng(seed);
  const terms = results.map((result) => {
    const weight = result.graph.constant(numbers(result.shape, weights.normal));
    return g.reduceSum(g.mul(result, weight), [...result.shape.keys()]);
  });
  return terms.reduce(g.add);
}
