/** Pretraining: a model from its config alone, all weights trained by AdamW. */
import { UserError } from '../errors/index.ts';
import { type FolderLock, lockFolder } from '../files/index.ts';
import type { ModelDefinition } from '../models/index.ts';
import { createRng, float32, sizeOf } from '../numeric/index.ts';
import { appendMetrics } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Sequences } from '../text/index.ts';
import { adamw } from './adamw.ts';
import { loadCheckpoint, refuseNothingToResume, saveCheckpoint } from './checkpoint.ts';
import { initialWeights } from './initial-weights.ts';
import { type TrainingState, trainingSteps } from './loop.ts';
import { keepMetricsUntil, type StepMetrics } from './metrics-file.ts';
import type { NamedArrays } from './named-arrays.ts';
import { learningRateAt } from './schedule.ts';
import { sequenceStream } from './sequence-order.ts';
import { loadGradients } from './weight-gradients.ts';

/** What decides the numbers of a run, together with the model and the data. */
export interface PretrainSettings {
  readonly steps: number;
  /** Sequences per step. */
  readonly batchSize: number;
  /**
   * Sequences per run of the graph; divides `batchSize`. Fewer need less memory and more time: for the bundled model
   * on an AMD EPYC, one run of 16 × 128 tokens took 1.3 to 1.7 s of processor time, four of 4 × 128 took 1.7 to 2.4 s.
   */
  readonly microBatchSize: number;
  readonly learningRate: number;
  /** Learning rate at the end of the run. */
  readonly finalLearningRate: number;
  /** Steps. */
  readonly warmup: number;
  /** On matrices only. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient. */
  readonly clip: number;
  readonly seed: number;
}

export interface PretrainOptions {
  readonly engine: Engine;
  readonly definition: ModelDefinition;
  readonly sequences: Sequences;
  readonly settings: PretrainSettings;
  /** Names the model and the data, so that a checkpoint is not resumed with others. */
  readonly identity: Readonly<Record<string, string>>;
  /** An existing folder for `metrics.jsonl` and the checkpoint. */
  readonly directory: string;
  /** On the folder, when the caller holds it; otherwise the run takes it. */
  readonly lock?: FolderLock;
  /** Steps between checkpoints; one more is written at the end or on abort. */
  readonly checkpointEvery: number;
  /** Go on from the checkpoint in `directory`. */
  readonly resume?: boolean;
  /** Told what the state of an older version does not say; default: a warning of the process. */
  readonly onWarning?: (text: string) => void;
  /** Ends the run after the step in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onStep?: (metrics: StepMetrics) => void;
}

export interface PretrainResult {
  readonly status: 'complete' | 'partial';
  /** Steps done. */
  readonly step: number;
  readonly weights: NamedArrays;
}

/** Second-moment decay of GPT-3 (Brown et al. 2020): the default of language-model pretraining. */
const BETA2 = 0.95;

/**
 * Trains from random weights, or from a checkpoint: a resumed run gives the same losses, bit for bit, as one
 * that was never interrupted.
 *
 * @throws UserError `folder-in-use`, `loss-not-finite` naming the step, `cannot-write`, and those of `loadCheckpoint`.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  if (options.resume) refuseNothingToResume(options.directory);
  const lock = options.lock ?? lockFolder(options.directory);
  try {
    return await pretrainAlone(options);
  } finally {
    if (options.lock === undefined) lock.release();
  }
}

/** In a folder that no other process works in. */
async function pretrainAlone(options: PretrainOptions): Promise<PretrainResult> {
  const { engine, definition, sequences, settings, directory, signal } = options;
  const { steps, batchSize, microBatchSize, seed, weightDecay, clip } = settings;
  const isMatrix = ({ shape }: { readonly shape: readonly number[] }) => shape.length >= 2;
  const decayed = new Set(definition.weights.filter(isMatrix).map(({ name }) => name));
  const optimizer = adamw({ beta2: BETA2, weightDecay, decayed });
  const asked = { ...options.identity, ...settings, seqLen: sequences.seqLen };
  const warn = options.onWarning ?? ((text: string) => process.emitWarning(text));
  const rng = createRng(seed);
  const weights = options.resume
    ? Object.fromEntries(definition.weights.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
    : initialWeights(definition, rng.fork('weights'));
  const tensors = Object.fromEntries(
    definition.weights.map(({ name, shape }) => [name, float32(shape, weights[name]!)]),
  );
  const atStart = optimizer.init(weights);
  const state: TrainingState = options.resume
    ? loadCheckpoint(directory, tensors, atStart, asked, warn)
    : { optimizer: atStart, sequencesTaken: 0 };
  const shape = { sequences: microBatchSize, seqLen: sequences.seqLen };
  await using program = await loadGradients(engine, definition, shape);
  const loop = trainingSteps({
    parameters: weights,
    optimizer,
    state,
    stream: sequenceStream(sequences, rng.fork('data')),
    perStep: batchSize,
    steps,
    gradient: (batch) => program.run(weights, batch),
    learningRate: (step) => learningRateAt(step, { ...settings, schedule: 'cosine' }),
    clip,
    signal,
  });

  if (options.resume) keepMetricsUntil(directory, state.optimizer.step);
  let saved = options.resume ? state.optimizer.step : -1;
  const save = async () => {
    await saveCheckpoint(directory, tensors, state, asked);
    saved = state.optimizer.step;
  };
  for await (const ready of loop) {
    const { step, loss, gradientNorm } = ready;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw notFinite(step, loss, gradientNorm);
    const metrics = ready.update();
    appendMetrics(directory, { ...metrics });
    options.onStep?.(metrics);
    if (step % options.checkpointEvery === 0) await save();
  }
  if (saved !== state.optimizer.step) await save();
  const { step } = state.optimizer;
  return { status: step >= steps ? 'complete' : 'partial', step, weights };
}

function notFinite(step: number, loss: number, gradientNorm: number): UserError {
  return new UserError('loss-not-finite', (option) => ({
    what: `Training broke down at step ${step}.`,
    got: `loss ${loss}, gradient norm ${gradientNorm}`,
    expected: 'finite numbers',
    fix: `start again with a lower ${option('learningRate')} or a longer ${option('warmup')}`,
  }));
}
