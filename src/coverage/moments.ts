/** Whole gradients and second moments of layers, summed in the engine: layer groups bound the memory. */
import { add, estimatePeakBytes, type Graph, matmul, mul, type Value } from '../graph/index.ts';
import { type Batch, type LinearLayer, lossInputs, type Model, targetCount } from '../models/index.ts';
import { float32, fromFloat32, type Matrix } from '../numeric/index.ts';
import type { Engine, Resident } from '../runtime/index.ts';
import { buildPass } from './pass.ts';

/** Which moments are wanted. */
export interface MomentsWanted {
  /** G = Σ x δᵀ / N. */
  readonly gradient: boolean;
  /** A = Σ x xᵀ / N and B = Σ δ δᵀ / N, with δ the output gradient of the summed loss. */
  readonly second: boolean;
}

/** Moments of one layer over all the targets N of the batches. */
export interface Moments<M> {
  readonly layer: LinearLayer;
  /** [m, n] */
  readonly gradient: M | null;
  /** [m, m] and [n, n] */
  readonly inputs: M | null;
  readonly outputs: M | null;
}
export type LayerMoments = Moments<Matrix>;

/** Moments that are held at once. A model with more takes its layers in groups, one sweep of passes for each. */
const GROUP_BYTES = 1.75 * 2 ** 30;

/** What a pass may hold beside the moments: batches that fit are taken together, which adds to the moments less often. */
const PASS_BYTES = 0.75 * 2 ** 30;

/** Bytes of the wanted moments of a layer, in float32. */
export function momentBytes({ inFeatures: m, outFeatures: n }: LinearLayer, wanted: MomentsWanted): number {
  return 4 * ((wanted.gradient ? m * n : 0) + (wanted.second ? m * m + n * n : 0));
}

/** The layers in groups whose moments fit {@link GROUP_BYTES} each. */
export function layerGroups(layers: readonly LinearLayer[], wanted: MomentsWanted): LinearLayer[][] {
  const groups: LinearLayer[][] = [];
  let room = 0;
  for (const layer of layers) {
    const bytes = momentBytes(layer, wanted);
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = GROUP_BYTES;
    }
    groups.at(-1)!.push(layer);
    room -= bytes;
  }
  return groups;
}

/**
 * Yields the moments of every layer over the given batches, in order of the layers.
 *
 * @param onPass called after every pass, for progress; it may throw to stop.
 */
export async function* collectMoments(
  model: Model,
  engine: Engine,
  layers: readonly LinearLayer[],
  batches: readonly Batch[],
  wanted: MomentsWanted,
  onPass: () => void,
): AsyncGenerator<LayerMoments> {
  for (const group of layerGroups(layers, wanted)) {
    const together = batchesTogether(model, group, wanted, batches.length, batches[0]!);
    const sums = await sumMoments(model, engine, group, batches, wanted, together, onPass);
    try {
      for (const moments of sums.layers) yield readMoments(moments);
    } finally {
      await sums.release();
    }
  }
}

/** Moments out of the engine. */
export async function readMoments({
  layer,
  gradient,
  inputs,
  outputs,
}: Moments<Resident>): Promise<LayerMoments> {
  const read = async (resident: Resident | null) => {
    if (resident === null) return null;
    const { shape, data } = await resident.read();
    return fromFloat32(shape[0]!, shape[1]!, data as Float32Array);
  };
  return {
    layer,
    gradient: await read(gradient),
    inputs: await read(inputs),
    outputs: await read(outputs),
  };
}

/** Moments in the engine. */
export interface SummedMoments {
  readonly layers: readonly Moments<Resident>[];
  release(): Promise<void>;
}

/**
 * Runs the passes of one group of layers, over `together` batches each, which divides their number.
 *
 * @param onPass as for {@link collectMoments}.
 */
export async function sumMoments(
  model: Model,
  engine: Engine,
  group: readonly LinearLayer[],
  batches: readonly Batch[],
  wanted: MomentsWanted,
  together: number,
  onPass: () => void,
): Promise<SummedMoments> {
  const { graph, owners } = buildMomentsPass(
    model,
    group,
    wanted,
    together * batches[0]!.sequences,
    batches[0]!.seqLen,
  );
  const sums = new Map<string, Resident>();
  const release = async () => {
    for (const sum of sums.values()) await sum.release();
  };
  const program = await engine.load(graph);
  try {
    for (const [name, value] of graph.outputs)
      if (name.includes('|')) sums.set(name, await engine.keep(value));
    const before = Object.fromEntries([...sums].map(([name, sum]) => [beforeName(name), sum]));
    const into = Object.fromEntries(sums);
    const total = batches.reduce((sum, batch) => sum + targetCount(batch), 0);
    for (let first = 0; first < batches.length; first += together) {
      const joined = joinBatches(batches.slice(first, first + together));
      const scalars = {
        perTarget: float32([1], [1 / total]),
        targetCount: float32([1], [targetCount(joined)]),
      };
      await program.run({ ...lossInputs([joined]), ...scalars, ...before }, into);
      onPass();
    }
  } catch (error) {
    await release();
    throw error;
  } finally {
    await program.release();
  }
  const get = (name: string) => sums.get(name)!;
  return {
    layers: group.map((layer) => ({
      layer,
      gradient: wanted.gradient ? get(`${layer.name}|gradient`) : null,
      inputs: wanted.second ? get(`${owners.get(layer.name)}|inputs`) : null,
      outputs: wanted.second ? get(`${layer.name}|outputs`) : null,
    })),
    release,
  };
}

/** Name of the input that a sum is fed to. */
const beforeName = (sum: string): string => `${sum}|before`;

/**
 * The graph of a pass that adds to the moments of a group of layers: for each sum an input of what it was before and
 * an output of what it is after. `owners` says under whose name the input moment of a layer stands: projections with
 * one input share it.
 */
export function buildMomentsPass(
  model: Model,
  group: readonly LinearLayer[],
  wanted: MomentsWanted,
  sequences: number,
  seqLen: number,
  recomputed = 0,
): { graph: Graph; owners: Map<string, string> } {
  const { graph, layers } = buildPass(model, group, { lanes: 1, sequences, seqLen, recomputed });
  // G and δ are of the pass's mean loss; the sums run over targets.
  const perTarget = graph.input('perTarget', 'float32', [1]);
  const targets = graph.input('targetCount', 'float32', [1]);
  const sum = (name: string, a: Value, b: Value) => {
    const part = matmul(a, b, { transposeA: true });
    graph.output(name, add(graph.input(beforeName(name), 'float32', part.shape), part));
  };
  const owners = new Map<string, string>();
  const inputs = new Map<Value, { owner: string; weighted: Value }>();
  for (const { name, x, dy } of layers) {
    const delta = mul(dy, targets);
    const known = inputs.get(x);
    const { owner, weighted } = known ?? { owner: name, weighted: mul(x, perTarget) };
    inputs.set(x, { owner, weighted });
    owners.set(name, owner);
    if (wanted.gradient) sum(`${name}|gradient`, weighted, delta);
    if (!wanted.second) continue;
    sum(`${name}|outputs`, delta, mul(delta, perTarget));
    if (known === undefined) sum(`${name}|inputs`, x, weighted);
  }
  return { graph, owners };
}

/** How many of `count` batches a pass takes at once: the largest divisor that fits {@link PASS_BYTES}. */
export function batchesTogether(
  model: Model,
  group: readonly LinearLayer[],
  wanted: MomentsWanted,
  count: number,
  { sequences, seqLen }: Pick<Batch, 'sequences' | 'seqLen'>,
): number {
  const { graph } = buildMomentsPass(model, group, wanted, sequences, seqLen);
  const sums = group.reduce((bytes, layer) => bytes + momentBytes(layer, wanted), 0);
  const fits = Math.floor(PASS_BYTES / Math.max(1, estimatePeakBytes(graph) - sums));
  const divisors = Array.from({ length: count }, (_, i) => i + 1).filter(
    (size) => count % size === 0 && size <= fits,
  );
  return divisors.at(-1) ?? 1;
}

function joinBatches(batches: readonly Batch[]): Batch {
  const { seqLen } = batches[0]!;
  return {
    tokens: Int32Array.from(batches.flatMap(({ tokens }) => [...tokens])),
    lossMask: Uint8Array.from(batches.flatMap(({ lossMask }) => [...lossMask])),
    sequences: batches.reduce((sum, batch) => sum + batch.sequences, 0),
    seqLen,
  };
}
