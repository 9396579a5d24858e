/** What a run tells of itself beside its loss: the coverage of its own subspace, effective ranks, directions. */
import { join } from 'node:path';
import {
  type Adapter,
  adaptedModel,
  isLowRank,
  type LayerAdapter,
  trainedArrays,
  updateSpectrum,
  withTrained,
} from '../adapters/index.ts';
import { collectMoments } from '../coverage/index.ts';
import { inTemporaryFolder } from '../files/index.ts';
import type { Model } from '../models/index.ts';
import { cosine, effectiveRank, gramSingularValues, type Rng, spread } from '../numeric/index.ts';
import type { TrainMetrics, TrainSettings } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import { type Batch, sampleBatches } from '../text/index.ts';
import { loadAdapterGradients } from './adapter-gradients.ts';
import { measureAdapter } from './train-coverage.ts';
import type { TrainData } from './train-data.ts';

/**
 * Layers whose whole gradients are held, those of two measurements at once: bounds memory on large models. Seven meet
 * every kind of layer of GPT-2 and of Llama.
 */
const GRADIENT_LAYERS = 7;

interface TelemetryInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly settings: TrainSettings;
  /** Segments that passes make again. */
  readonly memory: { readonly recomputed: number };
  readonly data: TrainData;
  readonly adapter: Adapter;
  /** Names of the layers whose whole gradients are taken. */
  readonly gradientLayers: readonly string[];
  /** File of the saved adapter. */
  readonly mapped: string;
  readonly rng: Rng;
}

interface Gradients {
  /** Of the trained arrays. */
  readonly projected: Float32Array[];
  /** Of whole weights, a few layers. */
  readonly full: Float64Array[];
}

/** Names of a few layers, evenly spread over the model. */
export const chooseGradientLayers = (layers: readonly LayerAdapter[]): string[] =>
  spread(layers, GRADIENT_LAYERS).map(({ layer }) => layer.name);

/** Measures on two batches of the training text that stay the same for the whole run. */
export class Telemetry {
  private readonly inputs: TelemetryInputs;
  private readonly batches: readonly Batch[];
  private before: Gradients | undefined;
  /** Trained arrays of the last measurement, by name: a checkpoint keeps them, and `before` follows from them. */
  private measured: Readonly<Record<string, Float32Array>> | undefined;

  constructor(inputs: TelemetryInputs) {
    const { settings, data, rng } = inputs;
    const { coverageEvery, batchSize } = settings;
    this.inputs = inputs;
    this.batches = coverageEvery === null ? [] : sampleBatches(data.sequences, { batchSize, count: 2, rng });
  }

  isDue(step: number): boolean {
    const { coverageEvery } = this.inputs.settings;
    return coverageEvery !== null && (step === 1 || step % coverageEvery === 0);
  }

  /** The trained arrays that were measured last, undefined before the first measurement. */
  get lastMeasured(): Readonly<Record<string, Float32Array>> | undefined {
    return this.measured;
  }

  /** Goes on after a measurement of another process, which was of these trained arrays. */
  resume(measured: Readonly<Record<string, Float32Array>> | undefined): void {
    this.measured = measured;
  }

  /** Of the parameters as they stand; cosines from the second measurement of a run on. */
  async measure(): Promise<Omit<TrainMetrics, 'step'>> {
    const { model, engine, settings, adapter, mapped, memory } = this.inputs;
    const measuring = { ridge: settings.ridge, recomputed: memory.recomputed };
    const adapted = adaptedModel(model, adapter, mapped);
    const before = this.before ?? (await this.gradientsBefore());
    return inTemporaryFolder(async (folder) => {
      const frames = join(folder, 'frames.safetensors');
      const coverage = await measureAdapter(adapted, engine, adapter.layers, this.batches, measuring, frames);
      const projected = await this.projectedGradient(adapter);
      const full = await this.fullGradients(adapted);
      this.before = { projected, full: full.gradients };
      this.measured = copyArrays(trainedArrays(adapter));
      const update = await this.updateEffectiveRank();
      return {
        ...coverage,
        gradientEffectiveRank: full.effectiveRank,
        ...(update === null ? {} : { updateEffectiveRank: update }),
        ...(before === undefined
          ? {}
          : {
              cosineProjected: cosine(projected, before.projected),
              cosineFull: cosine(full.gradients, before.full),
            }),
      };
    });
  }

  /** What the measurement of another process found: the same gradients, taken again. */
  private async gradientsBefore(): Promise<Gradients | undefined> {
    const { model, adapter, mapped } = this.inputs;
    if (this.measured === undefined) return undefined;
    const then = withTrained(adapter, this.measured);
    const projected = await this.projectedGradient(then);
    return { projected, full: (await this.fullGradients(adaptedModel(model, then, mapped))).gradients };
  }

  private async projectedGradient(adapter: Adapter): Promise<Float32Array[]> {
    const { model, engine, mapped, settings, memory, rng } = this.inputs;
    const { batchSize, seqLen } = settings;
    const pass = { batchSize, seqLen, dropout: 0, mapped, recomputed: memory.recomputed };
    await using program = await loadAdapterGradients(engine, model, adapter.layers, pass);
    const { gradients } = await program.run(this.batches[0]!, rng);
    return Object.values(gradients);
  }

  private async fullGradients(adapted: Model): Promise<{ gradients: Float64Array[]; effectiveRank: number }> {
    const { engine, gradientLayers } = this.inputs;
    const layers = adapted.definition.layers.filter(({ name }) => gradientLayers.includes(name));
    const wanted = { gradient: true, second: false };
    const gradients: Float64Array[] = [];
    let ranks = 0;
    const all = collectMoments(adapted, engine, layers, this.batches.slice(0, 1), wanted, () => {});
    for await (const { gradient } of all) {
      gradients.push(gradient!.data);
      ranks += effectiveRank(await gramSingularValues(gradient!, engine.matmul)).entropic;
    }
    return { gradients, effectiveRank: ranks / layers.length };
  }

  /** Mean over the layers whose ΔW is not zero; null when all are. Those of any rank count where gradients are taken. */
  private async updateEffectiveRank(): Promise<number | null> {
    const { engine, adapter, gradientLayers } = this.inputs;
    const ranks: number[] = [];
    for (const one of adapter.layers) {
      if (!isLowRank(one.family) && !gradientLayers.includes(one.layer.name)) continue;
      const { entropic } = effectiveRank(await updateSpectrum(one, engine.matmul));
      if (entropic > 0) ranks.push(entropic);
    }
    return ranks.length === 0 ? null : ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
  }
}

function copyArrays(arrays: Readonly<Record<string, Float32Array>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
}
