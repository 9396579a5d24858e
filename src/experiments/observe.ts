/** Coverage of several bases, and effective ranks, at the weights of a model as they are. */
import {
  collectMoments,
  dimension,
  type Frame,
  type FrameSet,
  type LayerMeasurement,
  measure,
  naturalCurves,
  nullEnergy,
  placeFrames,
  Whitener,
} from '../coverage/index.ts';
import { type Batch, groupOf, type Model } from '../models/index.ts';
import { effectiveRank, fromFloat32, gramSingularValues, mean, type Rng, spread } from '../numeric/index.ts';
import { type Family, roundSignificant } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import { type CoveragePoint, type EffectiveRanks, OBSERVED_RANKS } from './trial.ts';
import { RIDGE } from './workbench.ts';

export interface ObserveInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly sets: readonly FrameSet<Frame>[];
  readonly families: readonly Family[];
  /** Measure ν as well. */
  readonly natural: boolean;
  readonly groups: readonly string[];
  readonly batches: readonly Batch[];
  readonly rng: Rng;
  /** A file that the frames are written to for the engine to map; the caller removes it. */
  readonly framesFile: string;
}

/** Layers whose whole spectra are taken. Seven, evenly spread, meet every kind of layer of GPT-2 and of Llama. */
const SPECTRUM_LAYERS = 7;

/** Significant digits of what trials record: more than any interval here resolves. */
export const DIGITS = 7;

export async function observeCoverage(inputs: ObserveInputs): Promise<CoveragePoint[]> {
  const { model, engine, batches, families, natural, rng } = inputs;
  const { layers } = model.definition;
  const sets = await placeFrames(inputs.framesFile, inputs.sets);
  const { sequences: batchSize, seqLen } = batches[0]!;
  const settings = { families, natural, batches: batches.length, batchSize, seqLen };
  const measured = await measure(model, engine, layers, sets, batches, settings, rng, () => false);
  const whitener = new Whitener(engine);
  const points: CoveragePoint[] = [];
  for (const [index, { basis, frames }] of inputs.sets.entries()) {
    const curves = new Map<string, { inSample: Float64Array; heldOut: Float64Array }>();
    for (const layer of natural ? measured.layers : []) {
      const { natural: sums, rank } = layer.frames[index]!;
      curves.set(layer.name, await naturalCurves(layer, sums!, rank, measured.targets, RIDGE, whitener));
    }
    const widest = Math.max(...[...frames.values()].map(({ u }) => u.cols));
    for (const group of inputs.groups) {
      const chosen = measured.layers.filter(
        (_, layer) => group === 'all' || groupOf(layers[layer]!) === group,
      );
      for (const family of families) {
        for (const rank of OBSERVED_RANKS.filter((one) => one <= widest)) {
          const twoSided = family === 'core' && natural;
          points.push({
            basis,
            family,
            rank,
            group,
            ...energiesAt(chosen, index, family, rank),
            natural: twoSided ? naturalAt(chosen, curves, rank) : null,
          });
        }
      }
    }
  }
  await whitener.release();
  return points;
}

/** Energies are summed over layers first; a layer too narrow for the rank counts with all that it has. */
function energiesAt(layers: readonly LayerMeasurement[], set: number, family: Family, rank: number) {
  let nulls = 0;
  let parameters = 0;
  const first = layers[0]!;
  const norms = first.inner.batches.map(() => 0);
  const energies = first.inner.batches.map(() => 0);
  let [pair, pairNorm] = [0, 0];
  for (const { inner, frames, inFeatures: m, outFeatures: n } of layers) {
    const frame = frames[set]!;
    const k = Math.min(rank, frame.rank);
    const { batches, pairs } = frame.energies.get(family)!;
    parameters += dimension(family, m, n, k);
    inner.batches.forEach((norm, batch) => {
      norms[batch]! += norm;
      energies[batch]! += batches[batch]![k - 1]!;
      nulls += norm * nullEnergy(family, m, n, k);
    });
    pairs.forEach((curve, index) => {
      pair += curve[k - 1]!;
      pairNorm += inner.pairs[index]!;
    });
  }
  const shares = energies.map((energy, batch) => energy / norms[batch]!);
  const expected = nulls / norms.reduce((a, b) => a + b, 0);
  const energy = mean(shares);
  return {
    coverage: round(mean(shares.map(Math.sqrt))),
    energy: round(energy),
    gain: round(energy / expected),
    signalCoverage: pair >= 0 && pairNorm > 0 ? round(Math.sqrt(pair / pairNorm)) : null,
    parameters,
  };
}

function naturalAt(
  layers: readonly LayerMeasurement[],
  curves: ReadonlyMap<string, { inSample: Float64Array; heldOut: Float64Array }>,
  rank: number,
) {
  const sum = (part: 'inSample' | 'heldOut') =>
    round(
      layers.reduce((total, { name }) => {
        const curve = curves.get(name)![part];
        return total + curve[Math.min(rank, curve.length) - 1]!;
      }, 0),
    );
  return { inSample: sum('inSample'), heldOut: sum('heldOut') };
}

/** Entropic effective ranks of gradients and weights, mean over layers spread through the model. */
export async function observeRanks(
  model: Model,
  engine: Engine,
  batches: readonly Batch[],
): Promise<EffectiveRanks> {
  const layers = spread(model.definition.layers, SPECTRUM_LAYERS);
  const wanted = { gradient: true, second: false };
  const rankOf = async (of: readonly Batch[]): Promise<number> => {
    const ranks: number[] = [];
    for await (const { gradient } of collectMoments(model, engine, layers, of, wanted, () => {})) {
      ranks.push(effectiveRank(await gramSingularValues(gradient!, engine.matmul)).entropic);
    }
    return mean(ranks);
  };
  const weights: number[] = [];
  for (const layer of layers) {
    const { inFeatures, outFeatures } = layer;
    // The order of the sides does not matter to singular values.
    const [rows, cols] = layer.stored === 'in-out' ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
    const values = fromFloat32(rows, cols, model.readLayer(layer));
    weights.push(effectiveRank(await gramSingularValues(values, engine.matmul)).entropic);
  }
  return {
    batch: round(await rankOf(batches.slice(0, 1))),
    mean: round(await rankOf(batches)),
    weights: round(mean(weights)),
  };
}

const round = (value: number): number => roundSignificant(value, DIGITS);
