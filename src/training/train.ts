/** Training an adapter: the base weights stay what they are. */

import { join } from 'node:path';
import {
  ADAPTER_TENSORS,
  type Adapter,
  type AdapterPlan,
  adaptedModel,
  isLowRank,
  loadAdapter,
  needsCalibration,
  readPlan,
  saveAdapter,
  startAdapter,
  trainedArrays,
  uniformPlan,
} from '../adapters/index.ts';
import { canonicalJson } from '../checkpoint/index.ts';
import { lockFolder, makeFolder, removeRemains } from '../files/index.ts';
import { describeModel, type Model, sampleBatches } from '../models/index.ts';
import { createRng, type Rng } from '../numeric/index.ts';
import {
  appendMetrics,
  type ModelSource,
  type TrainMetrics,
  type TrainRecord,
  type TrainSettings,
  writeTrainRecord,
} from '../record/index.ts';
import { createOnnxEngine, type Engine } from '../runtime/index.ts';
import { adamw } from './adamw.ts';
import { keepMetricsUntil } from './metrics-file.ts';
import { meanLoss, sequenceLosses } from './perplexity.ts';
import { sequenceStream } from './sequence-order.ts';
import { sgd } from './sgd.ts';
import {
  type CheckpointSettings,
  hasCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
  type TrainState,
} from './train-checkpoint.ts';
import { readTrainData, type TrainData } from './train-data.ts';
import { firstNotFinite, trainingDiverged } from './train-diagnosis.ts';
import { resolveTrainOptions, type TrainOptions } from './train-options.ts';
import { loadAdapterGradients } from './train-program.ts';
import { learningRateAt } from './train-schedule.ts';
import { stepGradient } from './train-step.ts';
import { chooseGradientLayers, Telemetry } from './train-telemetry.ts';

export interface TrainResult {
  readonly record: TrainRecord;
  readonly adapter: Adapter;
  /** Of this process's steps; `readTrainMetrics` has all of the run. */
  readonly metrics: readonly TrainMetrics[];
}

/** What a run works with, once the options are checked and the texts read. */
interface Run {
  readonly model: Model;
  readonly options: TrainOptions;
  readonly settings: TrainSettings;
  readonly plan: AdapterPlan;
  readonly data: TrainData;
  readonly evalData: TrainData | null;
  readonly engine: Engine;
  readonly rng: Rng;
}

/**
 * Trains an adapter on the text of a file and leaves it in `options.directory`: `adapter.json` with
 * `adapter.safetensors` (see `loadAdapter`), `checkpoint.safetensors`, `metrics.jsonl` and `train.json`.
 *
 * A resumed run gives the same numbers, bit for bit, as one that was never interrupted.
 *
 * @throws UserError when an option is out of range or does not fit the model, a text is missing or too short, the
 *   plan names missing layers, the checkpoint is of another run, or a number is no longer finite
 *   (`training-diverged`, naming step and layer; the last checkpoint is kept).
 */
export async function train(model: Model, dataPath: string, options: TrainOptions): Promise<TrainResult> {
  const resolved = resolveTrainOptions(model, options);
  const { layers } = model.definition;
  const plan =
    options.plan === undefined
      ? uniformPlan(layers, resolved, options.rank)
      : readPlan(options.plan, layers, resolved.scale);
  const { seqLen, pack } = resolved;
  const perStep = resolved.batchSize * resolved.accumulation;
  // Coverage is measured on two batches of the text.
  const least = resolved.coverageEvery === null ? perStep : Math.max(perStep, 2 * resolved.batchSize);
  const data = await readTrainData(model, dataPath, { seqLen, pack, least });
  const evalData =
    options.evalData === undefined
      ? null
      : await readTrainData(model, options.evalData, { seqLen, pack, least: 1 });
  options.onReceipt?.(dataPath, data.receipt);
  if (evalData !== null) options.onReceipt?.(options.evalData!, evalData.receipt);
  const epoch = data.sequences.count / perStep;
  const steps = options.steps ?? Math.max(1, Math.floor((options.epochs ?? 1) * epoch));
  const settings: TrainSettings = { ...resolved, steps, plan: plan.sha256 };
  makeFolder(options.directory);
  const lock = options.lock ?? lockFolder(options.directory);
  const engine = createOnnxEngine();
  try {
    const rng = createRng(settings.seed);
    return await runTraining({ model, options, settings, plan, data, evalData, engine, rng });
  } finally {
    await engine.close();
    if (options.lock === undefined) lock.release();
  }
}

async function runTraining(run: Run): Promise<TrainResult> {
  const { model, options, settings, data, evalData, engine, rng } = run;
  const { directory, signal, checkpointEvery = 100 } = options;
  const { batchSize, seqLen, dropout, steps } = settings;
  const source = await describeModel(model);
  const asked = identityOf(run, source);
  const resumed = (options.resume ?? false) && hasCheckpoint(directory);
  const adapter = resumed ? await loadAdapter(directory, model) : await newAdapter(run);
  const trained = trainedArrays(adapter);
  const optimizer = createOptimizer(settings, trained);
  const state: TrainState = resumed
    ? loadCheckpoint(directory, adapter.layers, optimizer.init(trained), asked, model.warn)
    : { optimizer: optimizer.init(trained), sequencesTaken: 0 };
  const mapped = join(directory, ADAPTER_TENSORS);
  const metrics: TrainMetrics[] = [];
  const gradientLayers = settings.coverageEvery === null ? [] : chooseGradientLayers(adapter.layers);
  const telemetry = new Telemetry({ ...run, adapter, gradientLayers, mapped, rng: rng.fork('telemetry') });
  telemetry.resume(state.measured);
  const write = (status: TrainRecord['status'], step = state.optimizer.step): TrainRecord => {
    const record = describe(run, adapter, step, status, gradientLayers, source);
    writeTrainRecord(directory, record);
    return record;
  };
  const note = (row: TrainMetrics) => {
    appendMetrics(directory, row as Record<string, number>);
    metrics.push(row);
    options.onStep?.(row);
  };
  let saved = state.optimizer.step;
  const save = async () => {
    await model.checkUnchanged();
    state.measured = telemetry.lastMeasured;
    await saveCheckpoint(directory, adapter.layers, state, asked);
    await saveAdapter(directory, adapter);
    saved = state.optimizer.step;
  };
  const evaluation = async () => {
    const now = adaptedModel(model, adapter, mapped);
    return meanLoss(await sequenceLosses(engine, now, evalData!.sequences, batchSize)).mean;
  };

  removeRemains(directory, true);
  keepMetricsUntil(directory, resumed ? saved : -1);
  // A new adapter's frames must stand in their file before a graph can map them; that of a run which was killed
  // between the two files of a checkpoint is one checkpoint old.
  await saveAdapter(directory, adapter);
  if (!resumed) {
    if (evalData !== null) note({ step: 0, evalLoss: await evaluation() });
    await save();
  }
  write('running');
  const pass = { batchSize, seqLen, dropout, mapped };
  const program = await loadAdapterGradients(engine, model, adapter.layers, pass);
  const stream = sequenceStream(data.sequences, rng.fork('data'));
  const perStep = batchSize * settings.accumulation;
  const context = { engine, model, layers: adapter.layers, program, batchSize, clip: settings.clip };

  options.onStart?.(steps);
  try {
    while (state.optimizer.step < steps && !signal?.aborted) {
      const step = state.optimizer.step + 1;
      const began = performance.now();
      const batch = stream.batch(state.sequencesTaken, perStep);
      const now = { step, batch, rng: rng.fork(`dropout ${step}`), lastGood: saved };
      const { loss, gradients, gradientNorm } = await stepGradient(context, now);
      const seconds = (performance.now() - began) / 1000;
      const measured = telemetry.isDue(step) ? await telemetry.measure() : {};
      const learningRate = learningRateAt(step, settings);
      optimizer.update(trained, gradients, state.optimizer, learningRate);
      state.sequencesTaken += perStep;
      const fail = (where: string) => trainingDiverged(step, where, { loss, gradientNorm }, saved);
      const broken = firstNotFinite(trained);
      if (broken !== null) throw fail(broken);
      const evalDue = evalData !== null && (step === steps || step % (settings.evalEvery ?? steps) === 0);
      const evaluated = evalDue ? { evalLoss: await evaluation() } : {};
      if (!Number.isFinite(evaluated.evalLoss ?? 0)) throw fail('the evaluation after its update');
      const tokensPerSecond = (perStep * seqLen) / seconds;
      note({ step, loss, learningRate, gradientNorm, tokensPerSecond, ...evaluated, ...measured });
      if (step % checkpointEvery === 0) await save();
    }
    if (saved !== state.optimizer.step) await save();
  } catch (error) {
    write('partial', saved);
    throw error;
  } finally {
    await program.release();
  }
  return { record: write(state.optimizer.step >= steps ? 'complete' : 'partial'), adapter, metrics };
}

/** A new adapter in frames of the plan's bases. */
function newAdapter({ model, options, settings, plan, data, engine, rng }: Run): Promise<Adapter> {
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
    ridge,
    start,
    rng,
    onProgress: (progress) => options.onProgress?.(progress),
  });
}

function createOptimizer({ optimizer, weightDecay }: TrainSettings, trained: Record<string, Float32Array>) {
  return optimizer === 'sgd'
    ? sgd({ weightDecay })
    : adamw({ weightDecay, decayed: new Set(Object.keys(trained)) });
}

/** What a checkpoint must have been asked for to be resumed. */
function identityOf({ settings, data, evalData }: Run, source: ModelSource): CheckpointSettings {
  return {
    ...settings,
    model: source.sha256,
    config: canonicalJson(source.config),
    data: data.record.sha256,
    tokens: String(data.record.tokensSha256),
    evalData: evalData?.record.sha256 ?? null,
    evalTokens: evalData?.record.tokensSha256 ?? null,
  };
}

function describe(
  { model, settings, data, evalData }: Run,
  { record: { layers, trainedParameters } }: Adapter,
  step: number,
  status: TrainRecord['status'],
  gradientLayers: readonly string[],
  source: ModelSource,
): TrainRecord {
  return {
    schema: 'rankscope.train',
    version: 1,
    status,
    model: source,
    data: data.record,
    evalData: evalData?.record ?? null,
    settings,
    adapter: { layers, trainedParameters },
    gradientLayers: [...gradientLayers],
    step,
    notes: [...model.warnings, ...notesOn(settings, layers)],
  };
}

function notesOn(settings: TrainSettings, layers: readonly { readonly rank: number }[]): string[] {
  const narrow = layers.filter(({ rank }) => rank < settings.rank).length;
  return settings.plan === null && isLowRank(settings.adapter) && narrow > 0
    ? [`${narrow} of ${layers.length} layers are too narrow for rank ${settings.rank} and have less.`]
    : [];
}
