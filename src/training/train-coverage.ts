/** Coverage of an adapter's own subspace at its present parameters, by the passes of a probe. */

import { type LayerAdapter, type TangentSpace, tangentSpace } from '../adapters/index.ts';
import {
  addPass,
  buildPass,
  collectMeasurements,
  emptyMeasurement,
  type Frame,
  type LayerMeasurement,
  type LayerReach,
  type MeasurePlan,
  type NaturalCurves,
  naturalCurves,
  naturalTotal,
  nullEnergy,
  passInputs,
  placeFrames,
  productsAt,
  summarizeReach,
  Whitener,
} from '../coverage/index.ts';
import { type Model, targetCount } from '../models/index.ts';
import { type Matrix, matrix } from '../numeric/index.ts';
import { FAMILIES, type TrainMetrics } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';

/**
 * Coverage, energy, gain, signal coverage and held-out ν of the adapters together, on two batches.
 *
 * @param adapted the model with the adapter in place.
 * @param file where frames are written for the engine to map.
 */
export async function measureAdapter(
  adapted: Model,
  engine: Engine,
  adapters: readonly LayerAdapter[],
  batches: readonly Batch[],
  { ridge, recomputed = 0 }: { readonly ridge: number; readonly recomputed?: number },
  file: string,
): Promise<Omit<TrainMetrics, 'step'>> {
  const tangents = new Map<string, TangentSpace>();
  const frames = new Map<string, Frame>();
  for (const one of adapters) {
    const tangent = await tangentSpace(one);
    tangents.set(one.layer.name, tangent);
    frames.set(one.layer.name, frameOf(one, tangent));
  }
  const placed = await placeFrames(file, [{ label: 'adapter', frames }]);
  const { sequences, seqLen } = batches[0]!;
  // The permuted cores are not used here, so the rows may stay where they are.
  const permutation = Array.from({ length: 2 * sequences * seqLen }, (_, row) => row);
  const plan: MeasurePlan = { lanes: 2, oneSided: true, natural: true, permutation };
  const layers = adapted.definition.layers.filter(({ name }) => tangents.has(name));
  const pass = buildPass(adapted, layers, { lanes: 2, sequences, seqLen, recomputed });
  collectMeasurements(pass.graph, pass.layers, placed, plan);
  await using program = await engine.load(pass.graph);
  const outputs = await program.run(passInputs(batches, plan));
  const targets = batches.map(targetCount);
  const measured = layers.map((layer) => {
    const measurement = emptyMeasurement(layer, [frames.get(layer.name)!.u.cols], FAMILIES, plan);
    addPass(measurement, outputs, plan);
    return measurement;
  });
  await using whitener = new Whitener(engine);
  const curves: NaturalCurves[] = [];
  for (const layer of measured) {
    const { u, v } = tangents.get(layer.name)!;
    if (u === undefined || v === undefined) continue;
    curves.push(...(await naturalCurves(layer, [targets], ridge, whitener)));
  }
  const reach = summarizeReach(measured.map((layer) => reachOf(layer, tangents.get(layer.name)!.family)));
  const { coverage, energy, gain, signalCoverage } = reach;
  const natural = naturalTotal(curves, ({ heldOut }) => heldOut, Number.POSITIVE_INFINITY);
  return {
    coverage: coverage.mean,
    energy: energy.mean,
    gain: gain.mean,
    ...(signalCoverage === null ? {} : { signalCoverage: signalCoverage.mean }),
    ...(curves.length === 0 ? {} : { naturalCoverage: natural }),
  };
}

/** What the tangent space of a layer's adapter reaches of its gradients. */
function reachOf(
  { inner, frames, inFeatures, outFeatures }: LayerMeasurement,
  family: TangentSpace['family'],
): LayerReach {
  if (family === null) return { inner, reached: inner, nullEnergy: 1 };
  const { energies, rank } = frames[0]!;
  return {
    inner,
    reached: productsAt(energies.get(family)!, rank),
    nullEnergy: nullEnergy(family, inFeatures, outFeatures, rank),
  };
}

/** A side that the moves are not bound to is filled with unit vectors. */
function frameOf({ layer, rank }: LayerAdapter, { family, u, v }: TangentSpace): Frame {
  const columns = family === null ? 1 : rank;
  return {
    u: u ?? unitColumns(layer.inFeatures, columns),
    v: v ?? unitColumns(layer.outFeatures, columns),
  };
}

function unitColumns(rows: number, columns: number): Matrix {
  const result = matrix(rows, columns);
  for (let i = 0; i < columns; i++) result.data[i * columns + i] = 1;
  return result;
}
