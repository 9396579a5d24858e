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
  transpose,
  type Value,
} from '../graph/index.ts';
import { int64 } from '../numeric/index.ts';
import { collectSpectra } from './batch-spectra.ts';
import { type FrameSet, frameValue } from './frame.ts';
import { shellSums } from './shells.ts';

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
  /** Second moments, cores and permuted cores, for natural coverage. Such a pass takes {@link LANE_TARGETS}. */
  readonly natural: boolean;
  /** Add to the sums of the passes before: each has an input of what it was; see {@link sumsOf}. */
  readonly summed?: boolean;
  /** Single-batch spectra of whole gradients: see `batch-spectra.ts`. */
  readonly spectra?: boolean;
  /** Order in which the rows of the output gradients are shuffled for the permutation null. */
  readonly permutation: readonly number[];
}

/** Input of a pass that measures natural coverage: the targets of each lane's batch, [lanes, 1, 1]. */
export const LANE_TARGETS = 'laneTargets';

/** Frame sets of one width on a layer, measured together. */
export interface Stack {
  readonly rank: number;
  /** Their places among all the sets, ascending. */
  readonly sets: readonly number[];
}

/** The stacks of a layer whose frame sets have these numbers of columns. */
export function stacksOf(ranks: readonly number[]): Stack[] {
  return [...new Set(ranks)].map((rank) => ({
    rank,
    sets: ranks.flatMap((one, set) => (one === rank ? [set] : [])),
  }));
}

/** Names of the outputs of one layer, and of one stack of frames on it. */
export const outputName = (layer: string, part: 'inner' | 'traces'): string => `${layer}|${part}`;
export type StackPart = 'core' | 'diagonal' | 'left' | 'right' | 'blocks' | (typeof SUMS)[number];
export const stackOutputName = (layer: string, stack: number, part: StackPart): string =>
  `${layer}|${stack}|${part}`;

/** What is summed over the passes. */
export const SUMS = ['permuted', 'inputs', 'outputs'] as const;

/** Name of the input that holds what a sum was before the pass. */
export const beforeName = (output: string): string => `${output}|before`;

/**
 * Adds to the graph, for each layer with G_a = x_aᵀ dy_a for every lane a:
 * - `inner`: ‖G_a‖² per lane, then ⟨G_a, G_b⟩ of two lanes;
 * - `traces`: ‖x_a‖² per lane, then ‖δ_a‖², with δ = targets · dy;
 *
 * and for S frame sets of one width K on it, with C = UᵀG V = (xU)ᵀ(dy V), which costs little because x and dy are at
 * hand, and each square once per lane and then as the product of two lanes:
 * - `core` [S, 1 or 3, K]: the squares that a leading block of C has more than the one before;
 * - `diagonal` [S, lanes, K]: Cᵢᵢ;
 * - `left`, `right` [1 or 3, S · K]: squared norms of uᵢᵀG and of G vⱼ;
 * - `blocks` [S, lanes, K, K]: UᵀxᵀδV; `permuted`, the same of shuffled rows; `inputs`, `outputs`: second moments of xU
 *   and of δV.
 */
export function collectMeasurements(
  graph: Graph,
  layers: readonly LayerSides[],
  frameSets: readonly FrameSet[],
  plan: MeasurePlan,
): void {
  const { lanes } = plan;
  const perLane = lanesOf(lanes);
  const gram = memoize(gramBlocks);
  const energy = memoize((side: Value) => reduceSum(reduceSum(mul(perLane(side), perLane(side)), [2]), [1]));
  const natural = plan.natural
    ? {
        permutation: graph.constant(int64([plan.permutation.length], plan.permutation)),
        targets: graph.input(LANE_TARGETS, 'float32', [lanes, 1, 1]),
        summed: plan.summed ?? false,
      }
    : undefined;
  const spectra = plan.spectra ? collectSpectra(graph, layers, lanes) : undefined;
  const sharing = new Map<Value, number>();
  for (const { x } of layers) sharing.set(x, (sharing.get(x) ?? 0) + 1);

  for (const sides of layers) {
    const { name, x, y, dy } = sides;
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
    if (natural !== undefined) {
      ofInput.push(energy(x));
      const counts = reshape(natural.targets, [lanes]);
      const deltas = mul(energy(dy), mul(counts, counts));
      graph.output(outputName(name, 'traces'), concat([energy(x), deltas], 0));
    }
    // Halves of the rows are batches where there are two.
    const gramSides = gramIsCheaper && lanes === 2 ? { x: gram(x), dy: gram(dy) } : undefined;
    const frames = frameSets.map((set) => set.frames.get(name)!);
    for (const [index, { rank, sets }] of stacksOf(frames.map((frame) => frame.rank)).entries()) {
      const wide = (side: 'u' | 'v') => {
        const values = sets.map((set) => frameValue(graph, frames[set]![side]));
        return values.length === 1 ? values[0]! : concat(values, 1);
      };
      const inputs = matmul(x, wide('u'));
      const outputs = matmul(dy, wide('v'));
      ofInput.push(inputs);
      const output = (part: StackPart, value: Value) =>
        graph.output(stackOutputName(name, index, part), value);
      const stacked = stackedLanes(lanes, sets.length, rank);
      const [u, v] = [stacked(inputs), stacked(outputs)];
      const core = matmul(u, v, { transposeA: true });
      output('core', shellSums(lanePairs(core, lanes, 1)));
      output('diagonal', reduceSum(mul(u, v), [2]));
      if (plan.oneSided) {
        output('left', sideProducts(gramSides?.dy, inputs, dy, lanes));
        output('right', sideProducts(gramSides?.x, outputs, x, lanes));
      }
      if (natural !== undefined) {
        const { permutation, targets } = natural;
        const sum = (part: (typeof SUMS)[number], value: Value) => {
          const output = stackOutputName(name, index, part);
          const before = () => graph.input(beforeName(output), 'float32', value.shape);
          graph.output(output, natural.summed ? add(before(), value) : value);
        };
        const shuffled = stacked(gather(outputs, permutation));
        output('blocks', mul(core, targets));
        sum('permuted', mul(matmul(u, shuffled, { transposeA: true }), targets));
        sum('inputs', matmul(u, u, { transposeA: true }));
        sum('outputs', mul(matmul(v, v, { transposeA: true }), mul(targets, targets)));
      }
    }
    const keepsInput = plan.oneSided && !isByGram(gramSides?.x, rows / lanes, m);
    if (gramIsCheaper && !keepsInput) graph.evaluateBefore(y, ofInput);
  }
}

/** [lanes · rows, width] as [lanes, rows, width]. */
const lanesOf = (lanes: number) => (value: Value) =>
  reshape(value, [lanes, value.shape[0]! / lanes, value.shape[1]!]);

/** [lanes · rows, sets · K] as [sets, lanes, rows, K]. */
const stackedLanes = (lanes: number, sets: number, rank: number) => (value: Value) => {
  const rows = value.shape[0]! / lanes;
  if (sets === 1) return reshape(value, [1, lanes, rows, rank]);
  return transpose(reshape(value, [lanes, rows, sets, rank]), [2, 0, 1, 3]);
};

/**
 * Squared norms of a side's rows along the other: for p = xU [rows, w] and the layer's dy, those of pᵀdy, [1 or 3, w].
 * With dy dyᵀ at hand they are Σ p ∘ (dy dyᵀ p), which is less work than pᵀdy where a lane has fewer rows than dy has
 * columns.
 */
function sideProducts(gram: GramBlocks | undefined, projected: Value, other: Value, lanes: 1 | 2): Value {
  const perLane = lanesOf(lanes);
  const p = perLane(projected);
  if (!isByGram(gram, p.shape[1]!, other.shape[1]!)) {
    return laneProducts(matmul(p, perLane(other), { transposeA: true }), 2, []);
  }
  const [a, b] = split(projected, 0, [p.shape[1]!, p.shape[1]!]) as [Value, Value];
  const own = reduceSum(mul(p, matmul(gram.own, p)), [1]);
  const across = reduceSum(mul(a, matmul(gram.across, b)), [0], { keepDimensions: true });
  return concat([own, across], 0);
}

interface GramBlocks {
  readonly own: Value;
  readonly across: Value;
}

/** Side · sideᵀ in blocks of half its rows: the two on the diagonal, and the one above it; the fourth is its mirror. */
function gramBlocks(side: Value): GramBlocks {
  const [rows, width] = side.shape as [number, number];
  const halves = reshape(side, [2, rows / 2, width]);
  const [upper, lower] = split(side, 0, [rows / 2, rows / 2]) as [Value, Value];
  return {
    own: matmul(halves, halves, { transposeB: true }),
    across: matmul(upper, lower, { transposeB: true }),
  };
}

/** ⟨K_x, K_dy⟩ of each lane and across both: [aa, bb, ab]; of one lane, whose halves are no batches: [aa]. */
function gramProducts(x: GramBlocks, dy: GramBlocks, lanes: 1 | 2): Value {
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

/** Whether the squared norms of a side's rows go by way of token products. */
const isByGram = (gram: GramBlocks | undefined, rows: number, width: number): gram is GramBlocks =>
  gram !== undefined && 1.5 * rows < width;

/** Squares per lane, then the product of two lanes, along an axis. */
function lanePairs(values: Value, lanes: 1 | 2, axis: number): Value {
  const squares = mul(values, values);
  if (lanes === 1) return squares;
  const [a, b] = split(values, axis, [1, 1]) as [Value, Value];
  return concat([squares, mul(a, b)], axis);
}

function memoize<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
