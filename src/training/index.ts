/**
 * Room `training`: what changes weights. Optimizers as `{init, update}` over named arrays, the learning-rate
 * schedule, and pretraining with checkpoints that resume bit for bit.
 */

export { type AdamWOptions, type AdamWState, adamw } from './adamw.ts';
export { type Adapter, type LayerAdapter, tensorName, trainedArrays } from './adapters/adapter.ts';
export { ADAPTER_TENSORS, loadAdapter, saveAdapter } from './adapters/adapter-files.ts';
export { adapterFactors, trainedShapes } from './adapters/families.ts';
export {
  type AdapterValueOptions,
  type AdapterValues,
  adaptedModel,
  adapterDelta,
  adapterFeeds,
  adapterValues,
  mergeLayer,
  withAdapters,
} from './adapters/graph-values.ts';
export {
  createAdapter,
  type LayerPlan,
  needsFrame,
  startLayerAdapter,
  trainedParameters,
} from './adapters/start.ts';
export { updateSpectrum } from './adapters/update-spectrum.ts';
export { clipByGlobalNorm } from './clip.ts';
export { type Evaluation, evaluateLoss } from './evaluate.ts';
export { lowRankUpdates } from './export/adapter-updates.ts';
export { exportGgufLora } from './export/gguf-lora.ts';
export type { LowRankUpdate } from './export/low-rank-update.ts';
export { exportMerged, type MergedOptions } from './export/merged.ts';
export { exportPeft, type PeftOptions } from './export/peft.ts';
export type { Rounding } from './export/rounding.ts';
export { piecesOf } from './fed-weights.ts';
export { type LossAndGradients, loadGradients } from './gradients.ts';
export { encodeHalf } from './half.ts';
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
export { readTensors } from './read-tensors.ts';
export { SAVE_TYPES, type SaveType, saveModel } from './save-model.ts';
export { type ScheduleOptions, warmupCosine } from './schedule.ts';
export { sequenceStream } from './sequence-order.ts';
export { sgd } from './sgd.ts';
export { type TrainResult, train } from './train.ts';
export { hasCheckpoint } from './train-checkpoint.ts';
export type { TrainOptions } from './train-options.ts';
export { type AdapterGradients, type AdapterPassOptions, loadAdapterGradients } from './train-program.ts';
export { hasTrainingState, refuseNothingToResume } from './training-checkpoint.ts';
