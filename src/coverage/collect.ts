/** The measuring part of the graph: what leaves a pass is small, and every rank can be had from it. */
import {
  add,
  concat,
  type Graph,
  gather,
  matmul,
  mul,
  reduceSum,
  reshape,
  scale,
  split,
  type Value,
} from '../graph/index.ts';
import { int64 } from '../numeric/index.ts';
import { collectSpectra } from './batch-spectra.ts';
import { type FrameSet, frameValue } from './frame.ts';

/**
 * A layer's two sides in a pass over `lanes` batches: its input x [lanes · rows, m], x W = y [lanes · rows, n], and the
 * gradient dy of y.
 */
export interface LayerSides {
  readonly name: string;
  readonly x: Value;
  readonly y: Value;
  readonly dy: Value;
}

/** What a pass shall measure beside the gradient's norm and the cores. */
export interface MeasurePlan {
  /** Independent batches in one pass: 2, so that their products tell signal from noise, or 1. */
  readonly lanes: 1 | 2;
  /** Energies of `left` and `right`, and with them of `factors`. */
  readonly oneSided: boolean;
  /** Second moments and permuted cores, for natural coverage. */
  readonly natural: boolean;
  /** Single-batch spectra of whole gradients: see `batch-spectra.ts`. */
  readonly spectra?: boolean;
  /** Order in which the rows of the output gradients are shuffled for the permutation null. */
  readonly permutation: readonly number[];
}

/** Names of the outputs of one layer, and of one frame set on it. */
export const outputName = (layer: string, part: 'inner' | 'traces'): string => `${layer}|${part}`;
export const frameOutputName = (
  layer: string,
  frameSet: number,
  part: 'core' | 'left' | 'right' | 'inputs' | 'outputs' | 'permuted',
): string => `${layer}|${frameSet}|${part}`;

/**
 * Adds to the graph, for each layer with G_a = x_aᵀ dy_a for every lane a:
 * - `inner`: ‖G_a‖² per lane, then ⟨G_a, G_b⟩ of two lanes;
 * - `core` [lanes, K, K]: UᵀG V = (xU)ᵀ(dy V), which costs little because x and dy are at hand;
 * - `left`, `right` [1 or 3, K]: squared norms of uᵢᵀG and of G vⱼ per lane, then their products across lanes;
 * - `inputs`, `outputs` [lanes, K, K]: second moments of xU and of dy V; `permuted`: the core of shuffled rows;
 * - `traces`: ‖x_a‖² per lane, then ‖dy_a‖².
 */
export function collectMeasurements(
  graph: Graph,
  layers: readonly LayerSides[],
  frameSets: readonly FrameSet[],
  plan: MeasurePlan,
): void {
  const { lanes } = plan;
  const perLane = (value: Value) => reshape(value, [lanes, value.shape[0]! / lanes, value.shape[1]!]);
  const gram = memoize(gramBlocks);
  const energy = memoize((side: Value) => reduceSum(reduceSum(mul(perLane(side), perLane(side)), [2]), [1]));
  const permutation = plan.natural
    ? graph.constant(int64([plan.permutation.length], plan.permutation))
    : undefined;
  const spectra = plan.spectra ? collectSpectra(graph, layers, lanes) : undefined;
  const sharing = new Map<Value, number>();
  for (const { x } of layers) sharing.set(x, (sharing.get(x) ?? 0) + 1);

  for (const { name, x, y, dy } of layers) {
    const [rows, m] = x.shape as [number, number];
    const n = dy.shape[1]!;
    // Multiplications of ⟨xxᵀ, dy dyᵀ⟩, its first factor shared by layers with one input and three quarters of each
    // computed, against those of xᵀdy.
    const gramIsCheaper = rows % 2 === 0 && 0.75 * rows * (m / sharing.get(x)! + n) < m * n;
    const inner = gramIsCheaper
      ? gramProducts(gram(x), gram(dy), lanes)
      : laneProducts(matmul(perLane(x), perLane(dy), { transposeA: true }), 2, [1]);
    graph.output(outputName(name, 'inner'), inner);
    // x itself can go before the backward pass begins, where all that is wanted of it is smaller.
    const ofInput: Value[] = gramIsCheaper ? Object.values(gram(x)) : [];
    ofInput.push(...(spectra?.get(name) ?? []));
    if (plan.natural) {
      ofInput.push(energy(x));
      graph.output(outputName(name, 'traces'), concat([energy(x), energy(dy)], 0));
    }

    frameSets.forEach(({ frames }, index) => {
      const frame = frames.get(name)!;
      const output = (part: Parameters<typeof frameOutputName>[2], value: Value) =>
        graph.output(frameOutputName(name, index, part), value);
      const dyv = matmul(dy, frameValue(graph, frame.v));
      const inputs = perLane(matmul(x, frameValue(graph, frame.u)));
      const outputs = perLane(dyv);
      ofInput.push(inputs);
      output('core', matmul(inputs, outputs, { transposeA: true }));
      if (plan.oneSided) {
        output('left', laneProducts(matmul(inputs, perLane(dy), { transposeA: true }), 2, []));
        output('right', laneProducts(matmul(perLane(x), outputs, { transposeA: true }), 1, []));
      }
      if (permutation !== undefined) {
        output('inputs', matmul(inputs, inputs, { transposeA: true }));
        output('outputs', matmul(outputs, outputs, { transposeA: true }));
        output('permuted', matmul(inputs, perLane(gather(dyv, permutation)), { transposeA: true }));
      }
    });
    if (gramIsCheaper && !plan.oneSided) graph.evaluateBefore(y, ofInput);
  }
}

/** Side · sideᵀ in blocks of half its rows: the two on the diagonal, and the one above it; the fourth is its mirror. */
function gramBlocks(side: Value): { readonly own: Value; readonly across: Value } {
  const [rows, width] = side.shape as [number, number];
  const halves = reshape(side, [2, rows / 2, width]);
  const [upper, lower] = split(side, 0, [rows / 2, rows / 2]) as [Value, Value];
  return {
    own: matmul(halves, halves, { transposeB: true }),
    across: matmul(upper, lower, { transposeB: true }),
  };
}

/** ⟨K_x, K_dy⟩ of each lane and across both: [aa, bb, ab]; of one lane, whose halves are no batches: [aa]. */
function gramProducts(
  x: ReturnType<typeof gramBlocks>,
  dy: ReturnType<typeof gramBlocks>,
  lanes: 1 | 2,
): Value {
  const own = reduceSum(reduceSum(mul(x.own, dy.own), [2]), [1]);
  const across = reduceSum(reduceSum(mul(x.across, dy.across), [1]), [0], { keepDimensions: true });
  if (lanes === 2) return concat([own, across], 0);
  return add(reduceSum(own, [0], { keepDimensions: true }), scale(across, 2));
}

/**
 * Squares per lane, then the product of the two lanes, of values [lanes, …], summed over `axis` and then over the
 * `rest` of the axes that remain: [1 or 3, …].
 */
function laneProducts(values: Value, axis: number, rest: readonly number[]): Value {
  const sum = (product: Value) => {
    const once = reduceSum(product, [axis]);
    return rest.length === 0 ? once : reduceSum(once, rest);
  };
  const squares = sum(mul(values, values));
  if (values.shape[0] === 1) return squares;
  const [a, b] = split(values, 0, [1, 1]) as [Value, Value];
  return concat([squares, sum(mul(a, b))], 0);
}

function memoize<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
