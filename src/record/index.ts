/**
 * Room `record`: the versioned shapes of everything that a run leaves on disk, and how it is read and written:
 * whole or not at all. Reports read these and nothing else.
 */
export {
  ADAPTER_FAMILIES,
  type AdapterFamily,
  type AdapterRecord,
  adapterFamilySchema,
  adapterRecordSchema,
} from './adapter-record.ts';
export { type AdviceBudget, type AdviceRecord, adviceRecordSchema } from './advice-record.ts';
export { ADVISE_OPTIONS } from './advise-options.ts';
export { BASES, BASIS_DESCRIPTIONS, type Basis, type Colour, isDrawn, namedBasis } from './bases.ts';
export {
  COMPUTE_TYPES,
  type Compute,
  computeSchema,
  describeCompute,
  type Estimate,
  FAMILIES,
  type Family,
  type Int8Kernel,
  type ModelSource,
  placeOf,
  REGIMES,
  type Regime,
} from './common.ts';
export { type PretrainRecord, SAVE_TYPES, type SaveType } from './pretrain-record.ts';
export { DEFAULT_BASES, DEFAULT_FAMILIES, DEFAULT_RANKS, PROBE_OPTIONS } from './probe-options.ts';
export {
  type BasisResult,
  type Comparison,
  type FamilyResult,
  type GlobalResult,
  type LayerResult,
  type ModuleTypeResult,
  type NaturalResult,
  type ProbeRecord,
  probeRecordSchema,
  type RankPoint,
  type StageSeconds,
} from './probe-record.ts';
export {
  ADAPTER_FILE,
  ADVICE_FILE,
  holdsAdvice,
  holdsReproduction,
  holdsTraining,
  PROBE_FILE,
  REPRODUCTION_FILE,
  RUN_FILE,
  readAdapterRecord,
  readAdviceRecord,
  readProbeRecord,
  readReproductionRecord,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
  TRAIN_FILE,
} from './read-record.ts';
export {
  type Cell,
  type ClaimResult,
  type ExperimentFigure,
  type ExperimentResult,
  type ExperimentTable,
  figureSchema,
  type ReproductionRecord,
  reproductionRecordSchema,
  type SettingRecord,
  tableSchema,
  VERDICTS,
  type Verdict,
} from './reproduction-record.ts';
export { roundNumbers, roundSignificant } from './round-significant.ts';
export {
  appendMetrics,
  createRunDirectory,
  discardRun,
  finishRun,
  writeAdviceRecord,
  writePretrainRecord,
  writeProbeRecord,
  writeReproductionRecord,
  writeTrainRecord,
} from './run-directory.ts';
export { type RunRecord, runRecordSchema } from './run-record.ts';
export { TEXT_OPTIONS } from './text-options.ts';
export { OPTIMIZERS, TRAIN_OPTIONS } from './train-options.ts';
export {
  type AutomaticRate,
  type OptimizerName,
  type Schedule,
  type TrainMetrics,
  type TrainRecord,
  type TrainSettings,
  trainMetricsSchema,
  trainRecordSchema,
} from './train-record.ts';
export { writeJsonAtomic } from './write-json.ts';
