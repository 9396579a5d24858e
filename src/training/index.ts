/**
 * Room `training`: what changes weights. Optimizers as `{init, update}` over named arrays, learning rates, the loops that
 * train adapters and whole models, their checkpoints, and losses on a text.
 */

export { type AdamWOptions, type AdamWState, adamw } from './adamw.ts';
export { clipByGlobalNorm } from './clip.ts';
export { type Evaluation, evaluateLoss } from './evaluate.ts';
export { piecesOf } from './fed-weights.ts';
export { type LossAndGradients, loadGradients } from './gradients.ts';
export { initialWeights } from './initial-weights.ts';
export { readMetrics, type StepMetrics } from './metrics-file.ts';
export type { NamedArrays } from './named-arrays.ts';
export { lossDifference, meanLoss, type SequenceLosses, sequenceAt, sequenceLosses } from './perplexity.ts';
export {
  type PretrainOptions,
  type PretrainResult,
  type PretrainSettings,
  pretrain,
} from './pretrain.ts';
export { type ModelConfig, readModelConfig } from './read-config.ts';
export { type ScheduleOptions, warmupCosine } from './schedule.ts';
export { sequenceStream } from './sequence-order.ts';
export { sgd } from './sgd.ts';
export { type TrainResult, train } from './train.ts';
export { hasCheckpoint } from './train-checkpoint.ts';
export type { TrainOptions } from './train-options.ts';
export { type AdapterGradients, type AdapterPassOptions, loadAdapterGradients } from './train-program.ts';
export { hasTrainingState, refuseNothingToResume } from './training-checkpoint.ts';
