/** Coverage of an adapter's own subspace at its present parameters, by the passes of a probe. */

import type { LayerAdapter } from '../adapters/index.ts';
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
  placeFrames,
  productsAt,
  summarizeReach,
  Whitener,
} from '../coverage/index.ts';
import { type Batch, lossInputs, type Model, targetCount } from '../models/index.ts';
import { type Matrix, matrix, orthonormalize, type Tensor, transpose } from '../numeric/index.ts';
import { type AdapterFamily, FAMILIES, type TrainMetrics } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';

/** The tangent space of a layer adapter: the moves of W that its parameters can make at once. */
interface Tangent {
  readonly family: AdapterFamily;
  /** A side that the family does not use is filled with unit vectors. */
  readonly frame: Frame;
  /** Whether both sides are real, as natural coverage asks. */
  readonly twoSided: boolean;
}

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
  { ridge }: { readonly ridge: number },
  file: string,
): Promise<Omit<TrainMetrics, 'step'>> {
  const tangents = new Map<string, Tangent>();
  for (const one of adapters) tangents.set(one.layer.name, await tangentOf(one));
  const frames = new Map([...tangents].map(([name, { frame }]) => [name, frame]));
  const placed = await placeFrames(file, [{ basis: 'svd', label: 'adapter', frames }]);
  const { sequences, seqLen } = batches[0]!;
  // The permuted cores are not used here, so the rows may stay where they are.
  const permutation = Array.from({ length: 2 * sequences * seqLen }, (_, row) => row);
  const plan: MeasurePlan = { lanes: 2, oneSided: true, natural: true, permutation };
  const layers = adapted.definition.layers.filter(({ name }) => tangents.has(name));
  const pass = buildPass(adapted, layers, { lanes: 2, sequences, seqLen });
  collectMeasurements(pass.graph, pass.layers, placed, plan);
  const program = await engine.load(pass.graph);
  const outputs = await program.run(lossInputs(batches));
  await program.release();
  const targets = batches.map(targetCount);
  const measured = layers.map((layer) => {
    const measurement = emptyMeasurement(layer, [frames.get(layer.name)!.u.cols], FAMILIES, plan);
    addPass(measurement, outputs, targets, plan);
    return measurement;
  });
  const whitener = new Whitener(engine);
  const curves: NaturalCurves[] = [];
  for (const layer of measured) {
    if (!tangents.get(layer.name)!.twoSided) continue;
    const [frame] = layer.frames;
    curves.push(await naturalCurves(layer, frame!.natural!, frame!.rank, [targets], ridge, whitener));
  }
  await whitener.release();
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
  family: AdapterFamily,
): LayerReach {
  if (family === 'full') return { inner, reached: inner, nullEnergy: 1 };
  const { energies, rank } = frames[0]!;
  return {
    inner,
    reached: productsAt(energies.get(family)!, rank),
    nullEnergy: nullEnergy(family, inFeatures, outFeatures, rank),
  };
}

/**
 * `core` and `diagonal` move between their frames, `left` and `right` have one side. `factors` moves
 * P dQ + dP Q, which spans the columns of P on one side and the rows of Q on the other; while Q = 0 only the first.
 */
async function tangentOf({ family, layer, rank, frozen, trained }: LayerAdapter): Promise<Tangent> {
  const { inFeatures: m, outFeatures: n } = layer;
  const side = (tensor: Tensor | undefined, features: number, columns: number): Matrix =>
    tensor === undefined ? unitColumns(features, columns) : toMatrix(tensor);
  if (family === 'full') {
    return { family, frame: { u: unitColumns(m, 1), v: unitColumns(n, 1) }, twoSided: false };
  }
  if (family === 'factors') {
    const q = toMatrix(trained.q!);
    const u = await orthonormalize(toMatrix(trained.p!));
    if (q.data.every((value) => value === 0))
      return { family: 'left', frame: { u, v: unitColumns(n, rank) }, twoSided: false };
    return { family, frame: { u, v: await orthonormalize(transpose(q)) }, twoSided: true };
  }
  return {
    family,
    frame: { u: side(frozen.u, m, rank), v: side(frozen.v, n, rank) },
    twoSided: family === 'core' || family === 'diagonal',
  };
}

function unitColumns(rows: number, columns: number): Matrix {
  const result = matrix(rows, columns);
  for (let i = 0; i < columns; i++) result.data[i * columns + i] = 1;
  return result;
}

function toMatrix({ shape, data }: Tensor): Matrix {
  return matrix(shape[0]!, shape[1]!, Float64Array.from(data as Float32Array));
}
