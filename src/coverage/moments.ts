/** Whole gradients and second moments of layers, for frames and spectra: layer groups bound the memory. */
import { matmul, type Value } from '../graph/index.ts';
import { type Batch, type LinearLayer, lossInputs, type Model, targetCount } from '../models/index.ts';
import { fromFloat32, type Matrix } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';
import { buildPass } from './pass.ts';

/** Which moments are wanted. */
export interface MomentsWanted {
  /** G = Σ x δᵀ / N. */
  readonly gradient: boolean;
  /** A = Σ x xᵀ / N and B = Σ δ δᵀ / N, with δ the output gradient of the summed loss. */
  readonly second: boolean;
}

/** Moments of one layer over all the targets N of the batches. */
export interface LayerMoments {
  readonly layer: LinearLayer;
  /** [m, n] */
  readonly gradient: Matrix | null;
  /** [m, m] and [n, n] */
  readonly inputs: Matrix | null;
  readonly outputs: Matrix | null;
}

/** Moments that are held at once. A model with more takes its layers in groups, one sweep of passes for each. */
const GROUP_BYTES = 2 ** 30;

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
  const { sequences, seqLen } = batches[0]!;
  const total = batches.reduce((sum, batch) => sum + targetCount(batch), 0);
  for (const group of layerGroups(layers, wanted)) {
    const { graph, sides, inputOwner } = buildMomentsPass(model, group, wanted, sequences, seqLen);
    const program = await engine.load(graph);
    const sums = new Map<string, Float32Array>();
    try {
      for (const batch of batches) {
        const targets = targetCount(batch);
        const outputs = await program.run(lossInputs([batch]));
        // G and δ are of the batch's mean loss; the sums run over targets.
        const factor = { gradient: targets, inputs: 1, outputs: targets ** 2 };
        for (const [name, { data }] of Object.entries(outputs)) {
          const part = name.split('|')[1] as keyof typeof factor | undefined;
          if (part !== undefined) accumulate(sums, name, data as Float32Array, factor[part] / total);
        }
        onPass();
      }
    } finally {
      await program.release();
    }
    for (const layer of group) {
      const { inFeatures: m, outFeatures: n, name } = layer;
      const read = (key: string, rows: number, cols: number): Matrix =>
        fromFloat32(rows, cols, sums.get(key)!);
      yield {
        layer,
        gradient: wanted.gradient ? read(`${name}|gradient`, m, n) : null,
        inputs: wanted.second ? read(`${inputOwner.get(sides.get(name)!.x)}|inputs`, m, m) : null,
        outputs: wanted.second ? read(`${name}|outputs`, n, n) : null,
      };
    }
  }
}

/** The graph of a pass whose outputs are the moments of a group of layers. */
export function buildMomentsPass(
  model: Model,
  group: readonly LinearLayer[],
  wanted: MomentsWanted,
  sequences: number,
  seqLen: number,
) {
  const { graph, layers } = buildPass(model, group, { lanes: 1, sequences, seqLen });
  // Projections with one input share its moment, which is put out under the first one's name.
  const inputOwner = new Map<Value, string>();
  for (const { name, x, dy } of layers) {
    if (wanted.gradient) graph.output(`${name}|gradient`, matmul(x, dy, { transposeA: true }));
    if (!wanted.second) continue;
    graph.output(`${name}|outputs`, matmul(dy, dy, { transposeA: true }));
    if (inputOwner.has(x)) continue;
    inputOwner.set(x, name);
    graph.output(`${name}|inputs`, matmul(x, x, { transposeA: true }));
  }
  return { graph, sides: new Map(layers.map((side) => [side.name, side])), inputOwner };
}

function accumulate(
  sums: Map<string, Float32Array>,
  name: string,
  values: Float32Array,
  factor: number,
): void {
  const sum = sums.get(name) ?? new Float32Array(values.length);
  for (let i = 0; i < sum.length; i++) sum[i]! += factor * values[i]!;
  sums.set(name, sum);
}
