/** Coverage of several bases, and effective ranks, at the weights of a model as they are. */
import {
  collectMoments,
  dimension,
  type LayerMeasurement,
  measure,
  type NaturalCurves,
  naturalCurves,
  naturalTotal,
  nullEnergy,
  placeFrames,
  productsAt,
  summarizeReach,
  Whitener,
} from '../coverage/index.ts';
import { groupOf, type Model } from '../models/index.ts';
import { effectiveRank, fromFloat32, gramSingularValues, mean, type Rng, spread } from '../numeric/index.ts';
import { type Family, roundSignificant } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { type CoveragePoint, type EffectiveRanks, OBSERVED_RANKS } from './trial.ts';
import { type BasisFrames, RIDGE } from './workbench.ts';

export interface ObserveInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly sets: readonly BasisFrames[];
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
  await using measured = await measure(model, engine, layers, sets, batches, settings, rng, () => false);
  await using whitener = new Whitener(engine);
  const curves = new Map<string, readonly NaturalCurves[]>();
  for (const layer of natural ? measured.layers : [])
    curves.set(layer.name, await naturalCurves(layer, measured.targets, RIDGE, whitener));
  const points: CoveragePoint[] = [];
  for (const [index, { basis, frames }] of inputs.sets.entries()) {
    const widest = Math.max(...[...frames.values()].map(({ u }) => u.cols));
    for (const group of inputs.groups) {
      const chosen = measured.layers.filter(
        (_, layer) => group === 'all' || groupOf(layers[layer]!) === group,
      );
      for (const family of families) {
        for (const rank of OBSERVED_RANKS.filter((one) => one <= widest)) {
          const twoSided = family === 'core' && natural;
          const total = (read: (one: NaturalCurves) => Float64Array) =>
            round(
              naturalTotal(
                chosen.map(({ name }) => curves.get(name)![index]!),
                read,
                rank,
              ),
            );
          points.push({
            basis,
            family,
            rank,
            group,
            ...reachedAt(chosen, index, family, rank),
            natural: twoSided
              ? { inSample: total((one) => one.inSample), heldOut: total((one) => one.heldOut) }
              : null,
          });
        }
      }
    }
  }
  return points;
}

/** A layer too narrow for the rank counts with all that it has. */
function reachedAt(layers: readonly LayerMeasurement[], set: number, family: Family, rank: number) {
  let dimensions = 0;
  const reach = layers.map(({ inner, frames, inFeatures: m, outFeatures: n }) => {
    const frame = frames[set]!;
    const columns = Math.min(rank, frame.rank);
    dimensions += dimension(family, m, n, columns);
    return {
      inner,
      reached: productsAt(frame.energies.get(family)!, columns),
      nullEnergy: nullEnergy(family, m, n, columns),
    };
  });
  const { coverage, energy, gain, signalCoverage } = summarizeReach(reach);
  return {
    coverage: round(coverage.mean),
    energy: round(energy.mean),
    gain: round(gain.mean),
    signalCoverage: signalCoverage && round(signalCoverage.mean),
    parameters: dimensions,
  };
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
