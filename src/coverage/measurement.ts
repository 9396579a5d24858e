/** What one pass measured, read back from the graph's outputs, and its accumulation over passes. */
import type { Tensor } from '../numeric/index.ts';
import type { Family } from '../record/index.ts';
import type { Resident } from '../runtime/index.ts';
import {
  type MeasurePlan,
  outputName,
  type Stack,
  type StackPart,
  stackOutputName,
  stacksOf,
} from './collect.ts';
import { runningSum } from './energies.ts';
import { type EnergySums, FAMILY_RULES } from './families.ts';

/** Squared norms of every batch, and products of the two batches of every pass. */
export interface Products<T> {
  readonly batches: T[];
  readonly pairs: T[];
}

/** Cores and second moments of both halves of the batches, for natural coverage: of the S frame sets of a stack. */
export interface NaturalSums {
  /** Per pass: UᵀxᵀδV, [S, lanes, K, K]. */
  readonly blocks: (Tensor | Resident)[];
  /** Sums over passes, likewise: the core of shuffled rows, and second moments of x U and δ V. */
  readonly permuted: Tensor | Resident;
  readonly inputs: Tensor | Resident;
  readonly outputs: Tensor | Resident;
}

/** Frame sets that were measured together. */
export interface MeasuredStack extends Stack {
  /** Where natural coverage is measured, from the first pass on. */
  natural: NaturalSums | null;
}

/** Everything that was measured with one frame set on one layer. */
export interface FrameMeasurement {
  readonly rank: number;
  /** Unnormalised energies ‖P G‖² at every rank. */
  readonly energies: ReadonlyMap<Family, Products<Float64Array>>;
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
  readonly stacks: readonly MeasuredStack[];
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
    })),
    stacks: stacksOf(ranks).map((stack) => ({ ...stack, natural: null })),
  };
}

/**
 * Adds what left the engine in one pass. Sums for natural coverage are taken over where they did: those of a single
 * pass; see `natural-sums.ts` for those of several.
 */
export function addPass(
  layer: LayerMeasurement,
  outputs: Readonly<Record<string, Tensor>>,
  { lanes, natural }: MeasurePlan,
): void {
  const read = (name: string) => outputs[name]!.data as Float32Array;
  record(layer.inner, [...read(outputName(layer.name, 'inner'))], lanes);
  if (natural) {
    const traces = read(outputName(layer.name, 'traces'));
    for (let lane = 0; lane < lanes; lane++) {
      layer.traces.inputs[lane]! += traces[lane]!;
      layer.traces.outputs[lane]! += traces[lanes + lane]!;
    }
  }
  for (const [index, stack] of layer.stacks.entries()) {
    const output = (part: StackPart) => outputs[stackOutputName(layer.name, index, part)];
    const part = (name: StackPart) => output(name)!.data as Float32Array;
    for (const [place, set] of stack.sets.entries()) {
      const sums = energySums(part, stack, place, lanes);
      for (const [family, products] of layer.frames[set]!.energies)
        record(products, FAMILY_RULES[family].energies(sums), lanes);
    }
    const [blocks, permuted, inputs, second] = [
      output('blocks'),
      output('permuted'),
      output('inputs'),
      output('outputs'),
    ];
    if (blocks && permuted && inputs && second)
      stack.natural = { blocks: [blocks], permuted, inputs, outputs: second };
  }
}

/** Of one set of a stack in a pass, each made once and only where a family asks for it. */
function energySums(
  part: (name: StackPart) => Float32Array,
  { rank, sets }: Stack,
  place: number,
  lanes: 1 | 2,
): EnergySums {
  const products = 2 * lanes - 1;
  const rows = Array.from({ length: products }, (_, row) => row);
  const sums = (name: StackPart, at: (row: number) => number) =>
    once(() => rows.map((row) => runningSum(part(name).subarray(at(row) * rank, (at(row) + 1) * rank))));
  const ofSide = (row: number) => row * sets.length + place;
  return {
    core: sums('core', (row) => place * products + row),
    diagonal: once(() => {
      const lane = (index: number) => {
        const at = place * lanes + index;
        return part('diagonal').subarray(at * rank, (at + 1) * rank);
      };
      return rows.map((row) => {
        const [a, b] = row < 2 ? [lane(row), lane(row)] : [lane(0), lane(1)];
        return runningSum(Float64Array.from(a, (value, i) => value * b[i]!));
      });
    }),
    left: sums('left', ofSide),
    right: sums('right', ofSide),
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
