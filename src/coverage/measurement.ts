/** What one pass measured, read back from the graph's outputs, and its accumulation over passes. */
import type { Tensor } from '../numeric/index.ts';
import type { Family } from '../record/index.ts';
import { frameOutputName, type MeasurePlan, outputName } from './collect.ts';
import { diagonalSums, leadingBlockSums, runningSum } from './energies.ts';
import { type EnergySums, FAMILY_RULES } from './families.ts';

/** Squared norms of every batch, and products of the two batches of every pass. */
export interface Products<T> {
  readonly batches: T[];
  readonly pairs: T[];
}

/** Second moments and cores of both halves of the batches, for natural coverage. */
export interface NaturalSums {
  /** Per pass: [lanes, K, K] of UᵀGV, weighted by the batch's targets. */
  readonly cores: Float32Array[];
  /** Sums over passes, [lanes, K, K]: the core of shuffled rows, and second moments of x U and δ V. */
  readonly permuted: Float64Array;
  readonly inputs: Float64Array;
  readonly outputs: Float64Array;
}

/** Everything that was measured with one frame set on one layer. */
export interface FrameMeasurement {
  readonly rank: number;
  /** Unnormalised energies ‖P G‖² at every rank. */
  readonly energies: ReadonlyMap<Family, Products<Float64Array>>;
  readonly natural: NaturalSums | null;
}

/** Everything that was measured on one layer. */
export interface LayerMeasurement {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** ‖G‖² of every batch, ⟨G_a, G_b⟩ of every pair. */
  readonly inner: Products<number>;
  /** Σ‖x‖² and Σ‖δ‖² over the passes, per lane: the traces of the second moments. */
  readonly traces: { readonly inputs: Float64Array; readonly outputs: Float64Array };
  readonly frames: readonly FrameMeasurement[];
}

/** An empty measurement; `ranks` are the columns of each frame set on this layer. */
export function emptyMeasurement(
  layer: { readonly name: string; readonly inFeatures: number; readonly outFeatures: number },
  ranks: readonly number[],
  families: readonly Family[],
  plan: MeasurePlan,
): LayerMeasurement {
  const products = <T>(): Products<T> => ({ batches: [], pairs: [] });
  const { name, inFeatures, outFeatures } = layer;
  const lanes = plan.lanes;
  return {
    name,
    inFeatures,
    outFeatures,
    inner: products(),
    traces: { inputs: new Float64Array(lanes), outputs: new Float64Array(lanes) },
    frames: ranks.map((rank) => ({
      rank,
      energies: new Map(families.map((family) => [family, products()])),
      natural: plan.natural
        ? {
            cores: [],
            permuted: new Float64Array(lanes * rank * rank),
            inputs: new Float64Array(lanes * rank * rank),
            outputs: new Float64Array(lanes * rank * rank),
          }
        : null,
    })),
  };
}

/** Adds one pass; `targets` counts the targets of each lane's batch, so that δ = targets · dy. */
export function addPass(
  layer: LayerMeasurement,
  outputs: Readonly<Record<string, Tensor>>,
  targets: readonly number[],
  plan: MeasurePlan,
): void {
  const read = (name: string) => outputs[name]!.data as Float32Array;
  const { lanes } = plan;
  record(layer.inner, [...read(outputName(layer.name, 'inner'))], lanes);
  if (plan.natural) {
    const traces = read(outputName(layer.name, 'traces'));
    for (let lane = 0; lane < lanes; lane++) {
      layer.traces.inputs[lane]! += traces[lane]!;
      layer.traces.outputs[lane]! += targets[lane]! ** 2 * traces[lanes + lane]!;
    }
  }
  layer.frames.forEach((frame, index) => {
    const part = (name: Parameters<typeof frameOutputName>[2]) =>
      read(frameOutputName(layer.name, index, name));
    const k = frame.rank;
    const sums = energySums(part, k, lanes);
    for (const [family, products] of frame.energies)
      record(products, FAMILY_RULES[family].energies(sums), lanes);
    if (frame.natural !== null) addNatural(frame.natural, part, targets, k);
  });
}

/** Of the outputs of one frame set in a pass, each made once and only where a family asks for it. */
function energySums(
  part: (name: 'core' | 'left' | 'right') => Float32Array,
  k: number,
  lanes: 1 | 2,
): EnergySums {
  const pairs: readonly (readonly [number, number])[] =
    lanes === 2
      ? [
          [0, 0],
          [1, 1],
          [0, 1],
        ]
      : [[0, 0]];
  const lane = (index: number) => part('core').subarray(index * k * k, (index + 1) * k * k);
  const blocks = (sums: typeof leadingBlockSums) =>
    once(() => pairs.map(([a, b]) => sums(lane(a), lane(b), k)));
  const rows = (side: 'left' | 'right') =>
    once(() => pairs.map((_, row) => runningSum(part(side).subarray(row * k, (row + 1) * k))));
  return {
    core: blocks(leadingBlockSums),
    diagonal: blocks(diagonalSums),
    left: rows('left'),
    right: rows('right'),
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function record<T>(products: Products<T>, values: readonly T[], lanes: number): void {
  products.batches.push(...values.slice(0, lanes));
  products.pairs.push(...values.slice(lanes));
}

function addNatural(
  sums: NaturalSums,
  part: (name: 'core' | 'permuted' | 'inputs' | 'outputs') => Float32Array,
  targets: readonly number[],
  k: number,
): void {
  const size = k * k;
  const core = part('core').slice();
  for (let i = 0; i < core.length; i++) core[i]! *= targets[Math.floor(i / size)]!;
  sums.cores.push(core);
  const add = (sum: Float64Array, values: Float32Array, power: number) => {
    targets.forEach((count, lane) => {
      const weight = count ** power;
      for (let i = lane * size; i < (lane + 1) * size; i++) sum[i]! += weight * values[i]!;
    });
  };
  add(sums.permuted, part('permuted'), 1);
  add(sums.inputs, part('inputs'), 0);
  add(sums.outputs, part('outputs'), 2);
}
