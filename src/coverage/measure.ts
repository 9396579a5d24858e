/** The passes that measure: two batches side by side in each. */
import { UserError } from '../errors/index.ts';
import { type LinearLayer, lossInputs, type Model, targetCount } from '../models/index.ts';
import { float32, type Rng, shuffle, studentInterval, type Tensor } from '../numeric/index.ts';
import type { Family } from '../record/index.ts';
import { type Engine, type Held, holding } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { SpectraReader } from './batch-spectra.ts';
import { collectMeasurements, LANE_TARGETS, type MeasurePlan } from './collect.ts';
import { FAMILY_RULES } from './families.ts';
import type { FrameSet } from './frame.ts';
import { addPass, emptyMeasurement, type LayerMeasurement } from './measurement.ts';
import { KeptSums } from './natural-sums.ts';
import { buildPass, LOSS, type Pass } from './pass.ts';
import { energyShares, productsAt, sumProducts } from './reach.ts';

/** What the passes shall measure. */
export interface MeasureSettings {
  readonly families: readonly Family[];
  readonly natural: boolean;
  readonly batches: number;
  readonly batchSize: number;
  readonly seqLen: number;
  /** How many of the batches have the whole spectra of their gradients taken; default none. */
  readonly spectrumBatches?: number;
}

/** What the passes gave. */
export interface MeasuredSoFar {
  readonly layers: readonly LayerMeasurement[];
  /** The batches that were measured, in order. */
  readonly batches: readonly Batch[];
  readonly losses: readonly number[];
  /** Per pass and lane, the targets of its batch. */
  readonly targets: readonly (readonly number[])[];
  /** Layer → singular values of its gradient in each of the first batches. */
  readonly spectra: ReadonlyMap<string, Float64Array[]>;
}

/** All that is measured; the engine holds the sums for natural coverage. */
export interface Measured extends MeasuredSoFar, Held {}

/** The inputs of a pass over these batches, side by side. */
export function passInputs(lanes: readonly Batch[], { natural }: MeasurePlan): Record<string, Tensor> {
  if (!natural) return lossInputs(lanes);
  return { ...lossInputs(lanes), [LANE_TARGETS]: float32([lanes.length, 1, 1], lanes.map(targetCount)) };
}

/** The plan of the passes: pairs of batches, unless there is only one. */
export function measurePlan(
  { families, natural, batches, batchSize, seqLen }: MeasureSettings,
  rng: Rng,
): MeasurePlan {
  const lanes = batches > 1 ? 2 : 1;
  const rows = batchSize * seqLen;
  // Rows are shuffled within their lane, so that each half stays a half.
  const lane = (first: number) =>
    shuffle(
      Array.from({ length: rows }, (_, row) => first + row),
      rng,
    );
  return {
    lanes,
    oneSided: families.some((family) => FAMILY_RULES[family].oneSided),
    natural,
    permutation: lanes === 2 ? [...lane(0), ...lane(rows)] : lane(0),
  };
}

/** The graph of one measuring pass. */
export function buildMeasuringPass(
  model: Model,
  layers: readonly LinearLayer[],
  frameSets: readonly FrameSet[],
  { batchSize, seqLen }: MeasureSettings,
  plan: MeasurePlan,
  recomputed = 0,
): Pass {
  const pass = buildPass(model, layers, { lanes: plan.lanes, sequences: batchSize, seqLen, recomputed });
  collectMeasurements(pass.graph, pass.layers, frameSets, plan);
  return pass;
}

/**
 * Runs the passes.
 * @param afterPass called with what is measured so far; returns whether to stop.
 * @param recomputed segments of the forward pass that the backward pass makes again.
 * @throws UserError `loss-not-finite`.
 */
export async function measure(
  model: Model,
  engine: Engine,
  layers: readonly LinearLayer[],
  frameSets: readonly FrameSet[],
  batches: readonly Batch[],
  settings: MeasureSettings,
  rng: Rng,
  afterPass: (measured: MeasuredSoFar) => boolean,
  recomputed = 0,
): Promise<Measured> {
  const plan = measurePlan(settings, rng);
  const { spectrumBatches = 0 } = settings;
  // `core` costs nothing more, and is what a run is watched by.
  const families = [...new Set<Family>(['core', ...settings.families])];
  const ofLayers = layers.map((layer) => {
    const ranks = frameSets.map(({ frames }) => frames.get(layer.name)!.rank);
    return emptyMeasurement(layer, ranks, families, plan);
  });
  const measured = {
    layers: ofLayers,
    batches: [] as Batch[],
    losses: [] as number[],
    targets: [] as number[][],
    spectra: new Map<string, Float64Array[]>(layers.map(({ name }) => [name, []])),
  };
  const batchSpectra = new SpectraReader(measured.spectra, spectrumBatches, engine.matmul);
  /** @returns whether to stop. */
  const runPasses = async (
    from: number,
    to: number,
    withSpectra: boolean,
    sums: KeptSums | null,
  ): Promise<boolean> => {
    const passPlan = { ...plan, summed: true, spectra: withSpectra };
    const pass = buildMeasuringPass(model, layers, frameSets, settings, passPlan, recomputed);
    await using program = await engine.load(pass.graph);
    for (let first = from; first < to; first += plan.lanes) {
      const lanes = batches.slice(first, first + plan.lanes);
      const kept = await sums?.nextPass();
      const outputs = await program.run({ ...passInputs(lanes, plan), ...kept?.before }, kept?.into);
      const losses = [...(outputs[LOSS]!.data as Float32Array)];
      if (!losses.every(Number.isFinite)) throw notFinite(losses, first);
      for (const layer of measured.layers) addPass(layer, outputs, plan);
      if (withSpectra) batchSpectra.read(outputs, pass.layers, lanes.length);
      measured.batches.push(...lanes);
      measured.losses.push(...losses);
      measured.targets.push(lanes.map(targetCount));
      if (afterPass(measured)) return true;
    }
    return false;
  };
  // The spectra cost a program of their own, and the other passes nothing.
  const withSpectra = Math.min(batches.length, plan.lanes * Math.ceil(spectrumBatches / plan.lanes));
  return holding(async (owner) => {
    const sums = settings.natural ? await KeptSums.create(engine, ofLayers, plan.lanes, owner) : null;
    const stop = withSpectra > 0 && (await runPasses(0, withSpectra, true, sums));
    if (!stop && withSpectra < batches.length) await runPasses(withSpectra, batches.length, false, sums);
    await batchSpectra.end();
    return measured;
  });
}

/** Global `core` coverage of each measured batch at the largest rank of one frame set. */
export function globalCoverages({ layers }: MeasuredSoFar, set: number): number[] {
  const reached = layers.map(({ frames }) =>
    productsAt(frames[set]!.energies.get('core')!, frames[set]!.rank),
  );
  const inner = sumProducts(layers.map((layer) => layer.inner));
  return energyShares(sumProducts(reached).batches, inner.batches).map(Math.sqrt);
}

/**
 * The widest 95 % interval of the global `core` coverage at the largest rank, over the frame sets.
 * Infinite below four batches, which say too little of their spread.
 */
export function widestInterval(measured: MeasuredSoFar): number {
  if (measured.batches.length < 4) return Number.POSITIVE_INFINITY;
  const widths = measured.layers[0]!.frames.map((_, set) => {
    const { low, high } = studentInterval(globalCoverages(measured, set));
    return high - low;
  });
  return Math.max(...widths);
}

function notFinite(losses: readonly number[], first: number): UserError {
  const lane = losses.findIndex((loss) => !Number.isFinite(loss));
  return new UserError('loss-not-finite', {
    what: `the loss of batch ${first + lane + 1} is not a finite number`,
    got: String(losses[lane]),
    expected: 'a finite loss',
    fix: 'check the weights: a broken or wrongly converted checkpoint overflows in the forward pass',
  });
}
