/**
 * Room `adapters`: what an adapter is. Its families with product and factors, its start from frames, its files, plans
 * of what sits on which layer, and the forms in which other programs load it.
 */

export {
  type Adapter,
  type LayerAdapter,
  trainedArrays,
  trainedTensors,
  withTrained,
} from './adapter.ts';
export { ADAPTER_TENSORS, loadAdapter, saveAdapter } from './adapter-files.ts';
export { lowRankUpdates } from './export/adapter-updates.ts';
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions } from './export/formats.ts';
export { exportGgufLora } from './export/gguf-lora.ts';
export type { LowRankUpdate } from './export/low-rank-update.ts';
export { exportMerged, type MergedOptions } from './export/merged.ts';
export { exportPeft, type PeftOptions } from './export/peft.ts';
export type { TangentSpace } from './families.ts';
export {
  adaptedModel,
  adapterDelta,
  adapterFeeds,
  adapterValues,
  maskFeeds,
  withAdapters,
} from './graph-values.ts';
export {
  adapterFactors,
  frozenShapes,
  isLowRank,
  tangentSpace,
  trainedShapes,
  updateSpectrum,
} from './layer-update.ts';
export { type AdapterPlan, readPlan, uniformPlan } from './plan.ts';
export {
  createAdapter,
  type LayerPlan,
  needsFrame,
  startLayerAdapter,
  trainedParameters,
} from './start.ts';
export { startAdapter } from './start-plan.ts';
