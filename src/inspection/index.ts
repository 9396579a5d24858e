/**
 * Room `inspection`: what a file or folder is and what can be done with it, from headers and records; no weight is read.
 */
export { type Costs, estimateCosts } from './costs.ts';
export {
  type AdapterInspection,
  type Inspection,
  inspect,
  type RunInspection,
  type WeightsInspection,
} from './inspect.ts';
export type { LoraSize, ModelInspection, ModuleInspection, StoredType } from './inspect-model.ts';
