/** A training of an adapter from its first step, or from its checkpoint, to its end. */
import { join } from 'node:path';
import {
  ADAPTER_TENSORS,
  type Adapter,
  type AdapterPlan,
  adaptedModel,
  loadAdapter,
  startAdapter,
  trainedArrays,
  trainedTensors,
} from '../adapters/index.ts';
import { needsCalibration } from '../coverage/index.ts';
import { describeModel, type Model } from '../models/index.ts';
import type { Rng } from '../numeric/index.ts';
import {
  type ModelSource,
  TRAIN_OPTIONS,
  type TrainMetrics,
  type TrainRecord,
  type TrainSettings,
} from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import { sampleBatches } from '../text/index.ts';
import { loadAdapterGradients } from './adapter-gradients.ts';
import { findRate, keptRate, withRate } from './automatic-rate.ts';
import {
  type CheckpointSettings,
  type CheckpointState,
  hasCheckpoint,
  loadCheckpoint,
} from './checkpoint.ts';
import { trainingSteps } from './loop.ts';
import { createOptimizer, type Optimizer } from './optimizer.ts';
import { meanLoss, sequenceLosses } from './perplexity.ts';
import { learningRateAt } from './schedule.ts';
import { sequenceStream } from './sequence-order.ts';
import type { TrainData } from './train-data.ts';
import { identityOf } from './train-description.ts';
import { firstNotFinite, refuseBrokenStep, trainingDiverged } from './train-diagnosis.ts';
import { TrainFiles } from './train-files.ts';
import type { TrainingMemory } from './train-memory.ts';
import type { TrainOptions } from './train-options.ts';
import { chooseGradientLayers, Telemetry } from './train-telemetry.ts';

export interface TrainResult {
  readonly record: TrainRecord;
  readonly adapter: Adapter;
  /** Of this process's steps; `readTrainMetrics` has all of the run. */
  readonly metrics: readonly TrainMetrics[];
}

/** What a run works with, once the options are checked and the texts read. */
export interface Run {
  readonly model: Model;
  readonly options: TrainOptions;
  readonly settings: TrainSettings;
  readonly plan: AdapterPlan;
  readonly data: TrainData;
  readonly evalData: TrainData | null;
  readonly engine: Engine;
  readonly rng: Rng;
  readonly memory: TrainingMemory;
}

/** What a run has when its first step of this process is due. */
export interface Begun {
  readonly source: ModelSource;
  readonly asked: CheckpointSettings;
  readonly resumed: boolean;
  readonly adapter: Adapter;
  readonly optimizer: Optimizer;
  readonly state: CheckpointState;
  /** Layers whose whole gradients are looked at. */
  readonly gradientLayers: readonly string[];
}

/** As {@link train}, with the folder locked. */
export async function runTraining(run: Run): Promise<TrainResult> {
  const { model, options, settings, data, evalData, engine, rng } = run;
  const { checkpointEvery = TRAIN_OPTIONS.checkpointEvery.default, directory, signal } = options;
  const { batchSize, seqLen, dropout, steps, clip } = settings;
  const begun = await begin(run);
  const { adapter, optimizer, state, gradientLayers } = begun;
  const mapped = join(directory, ADAPTER_TENSORS);
  const telemetry = new Telemetry({ ...run, adapter, gradientLayers, mapped, rng: rng.fork('telemetry') });
  telemetry.resume(state.measured);
  const isAutomatic = settings.learningRate === 'auto';
  const kept = isAutomatic && state.optimizer.step > 0 ? keptRate(directory) : undefined;
  const files = new TrainFiles(run, begun, kept);
  const evaluate = async () => {
    const adapted = adaptedModel(model, adapter, mapped);
    return meanLoss(await sequenceLosses(engine, adapted, evalData!.sequences, batchSize)).mean;
  };
  await files.begin(evalData === null ? undefined : evaluate);
  const trained = trainedArrays(adapter);
  if (isAutomatic && kept === undefined) files.noteRate(await findRate(run, begun, trained, mapped));
  if (files.rate !== undefined) options.onLearningRate?.(files.rate);
  const rates = withRate(settings, files.rate);
  const pass = { batchSize, seqLen, dropout, mapped, recomputed: run.memory.recomputed };
  await using program = await loadAdapterGradients(engine, model, adapter.layers, pass);
  options.onStart?.(steps);
  const loop = trainingSteps({
    parameters: trained,
    optimizer,
    state,
    stream: sequenceStream(data.sequences, rng.fork('data')),
    perStep: batchSize * settings.accumulation,
    steps,
    gradient: (batch, step) => program.run(batch, rng.fork(`dropout ${step}`)),
    learningRate: (step) => learningRateAt(step, rates),
    clip,
    signal,
  });
  try {
    for await (const ready of loop) {
      const { step } = ready;
      await refuseBrokenStep(engine, model, adapter.layers, batchSize, ready, files.saved);
      const measured = telemetry.isDue(step) ? await telemetry.measure() : {};
      state.measured = telemetry.lastMeasured;
      const metrics = ready.update();
      const broken = firstNotFinite(trained);
      if (broken !== null) throw trainingDiverged(step, broken, ready, files.saved);
      const evalDue = evalData !== null && (step === steps || step % (settings.evalEvery ?? steps) === 0);
      const evaluated = evalDue ? { evalLoss: await evaluate() } : {};
      if (!Number.isFinite(evaluated.evalLoss ?? 0))
        throw trainingDiverged(step, 'the evaluation after its update', ready, files.saved);
      files.note({ ...metrics, ...evaluated, ...measured });
      if (step % checkpointEvery === 0) await files.save();
    }
    if (files.saved !== state.optimizer.step) await files.save();
  } catch (error) {
    files.write('partial', files.saved);
    throw error;
  }
  const record = files.write(state.optimizer.step >= steps ? 'complete' : 'partial');
  return { record, adapter, metrics: files.metrics };
}

/** The run's adapter and state: new ones, or those of its checkpoint. */
async function begin(run: Run): Promise<Begun> {
  const { model, options, settings } = run;
  const { directory, resume = false } = options;
  const source = await describeModel(model);
  const asked = identityOf(run, source);
  const resumed = resume && hasCheckpoint(directory);
  const adapter = resumed ? await loadAdapter(directory, model) : await newAdapter(run);
  const trained = trainedArrays(adapter);
  const { weightDecay } = settings;
  const optimizer = createOptimizer(settings.optimizer, {
    weightDecay,
    decayed: new Set(Object.keys(trained)),
  });
  const atStart = optimizer.init(trained);
  const state: CheckpointState = resumed
    ? loadCheckpoint(directory, trainedTensors(adapter), atStart, asked, model.warn)
    : { optimizer: atStart, sequencesTaken: 0 };
  const gradientLayers = settings.coverageEvery === null ? [] : chooseGradientLayers(adapter.layers);
  return { source, asked, resumed, adapter, optimizer, state, gradientLayers };
}

/** A new adapter in frames of the plan's bases. */
function newAdapter({ model, options, settings, plan, data, engine, rng, memory }: Run): Promise<Adapter> {
  const { batchSize, calibrationBatches, ridge, start } = settings;
  const calibration = plan.layers.some(({ basis }) => needsCalibration(basis))
    ? sampleBatches(data.sequences, {
        batchSize,
        count: calibrationBatches,
        rng: rng.fork('calibration'),
      })
    : [];
  return startAdapter({
    model,
    engine,
    plans: plan.layers,
    calibration,
    room: memory.room,
    ridge,
    start,
    rng,
    onProgress: (progress) => options.onProgress?.(progress),
  });
}
