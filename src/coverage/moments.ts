/** Whole gradients and second moments of layers, summed in the engine: layer groups bound the memory. */
import { type LinearLayer, lossInputs, type Model, targetCount } from '../models/index.ts';
import { float32, fromFloat32, type Matrix } from '../numeric/index.ts';
import { type Engine, type Held, holding, type Resident } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { beforeName, buildMomentsPass, type MomentsWanted, panelName } from './moments-pass.ts';
import { planSweeps, type Sweep } from './sweeps.ts';
import { panelRanges, UpperPanels } from './upper-panels.ts';

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
  for (const sweep of planSweeps(model, layers, wanted, batches.length, batches[0]!)) {
    await using sums = await sumMoments(model, engine, sweep, batches, wanted, onPass);
    for (const moments of sums.layers) yield readMoments(moments);
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
export interface SummedMoments extends Held {
  readonly layers: readonly Moments<Resident>[];
  /** Frees the moments of a layer, but for those that it shares with layers that are not dropped yet. */
  drop(index: number): Promise<void>;
}

/**
 * Runs the passes of one sweep.
 *
 * @param onPass as for {@link collectMoments}.
 */
export function sumMoments(
  model: Model,
  engine: Engine,
  { group, together, recomputed }: Sweep,
  batches: readonly Batch[],
  wanted: MomentsWanted,
  onPass: () => void,
): Promise<SummedMoments> {
  const { graph, owners } = buildMomentsPass(
    model,
    group,
    wanted,
    together * batches[0]!.sequences,
    batches[0]!.seqLen,
    recomputed,
  );
  return holding(async (owner) => {
    const sums = new Map<string, Resident>();
    await using program = await engine.load(graph);
    for (const [name, value] of graph.outputs)
      if (name.includes('|')) sums.set(name, await owner.own(engine.keep(value)));
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
    const get = (name: string) => sums.get(name)!;
    const moments = new Map<string, Resident>();
    const symmetric = (name: string, size: number) => {
      const panels = () => panelRanges(size).map((_, index) => get(panelName(name, index)));
      const known = moments.get(name) ?? new UpperPanels(size, panels());
      moments.set(name, known);
      return known;
    };
    const layers = group.map((layer) => ({
      layer,
      gradient: wanted.gradient ? get(`${layer.name}|gradient`) : null,
      inputs: wanted.second ? symmetric(`${owners.get(layer.name)}|inputs`, layer.inFeatures) : null,
      outputs: wanted.second ? symmetric(`${layer.name}|outputs`, layer.outFeatures) : null,
    }));
    return { layers, drop: droppingShared(layers) };
  });
}

function droppingShared(layers: readonly Moments<Resident>[]): SummedMoments['drop'] {
  const momentsOf = ({ gradient, inputs, outputs }: Moments<Resident>) =>
    [gradient, inputs, outputs].filter((moment) => moment !== null);
  const users = new Map<Resident, number>();
  for (const moment of layers.flatMap(momentsOf)) users.set(moment, (users.get(moment) ?? 0) + 1);
  return async (index) => {
    for (const moment of momentsOf(layers[index]!)) {
      const left = users.get(moment)! - 1;
      users.set(moment, left);
      if (left === 0) await moment.release();
    }
  };
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
