/**
 * Room `training`: what changes weights. Optimizers as `{init, update}` over named arrays, learning rates, the loops that
 * train adapters and whole models, their checkpoints, and losses on a text.
 */

export { adamw } from './adamw.ts';
export { type AdapterGradients, loadAdapterGradients } from './adapter-gradients.ts';
export { hasAnyCheckpoint, hasCheckpoint, refuseNothingToResume } from './checkpoint.ts';
export { clipByGlobalNorm } from './clip.ts';
export { piecesOf } from './fed-weights.ts';
export { initialWeights } from './initial-weights.ts';
export {
  type AdvisedRate,
  advisedRate,
  FIRST_STEP_BATCHES,
  type FirstStep,
  measureFirstStep,
} from './learning-rate/index.ts';
export { type TrainingState, trainingSteps } from './loop.ts';
export { readMetrics, type StepMetrics } from './metrics-file.ts';
export type { NamedArrays } from './named-arrays.ts';
export type { Optimizer } from './optimizer.ts';
export {
  evaluateLoss,
  loadSequenceLosses,
  lossDifference,
  lossPerTarget,
  meanLoss,
  type SequenceLosses,
  sequenceLosses,
} from './perplexity.ts';
export {
  type PretrainOptions,
  pretrain,
} from './pretrain.ts';
export { type ModelConfig, readModelConfig } from './read-config.ts';
export { learningRateAt } from './schedule.ts';
export { sequenceStream } from './sequence-order.ts';
export { sgd } from './sgd.ts';
export { train } from './train.ts';
export { planTraining } from './train-memory.ts';
export type { TrainOptions } from './train-options.ts';
export type { TrainResult } from './train-run.ts';
export { loadGradients } from './weight-gradients.ts';
