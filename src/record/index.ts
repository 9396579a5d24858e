/**
 * Room `record`: the versioned shapes of everything that a run leaves on disk, and how it is read and written:
 * whole or not at all. Reports read these and nothing else.
 */
export * from './adapter-record.ts';
export * from './advice-record.ts';
export * from './advise-options.ts';
export * from './bases.ts';
export * from './claims-record.ts';
export * from './common.ts';
export * from './pretrain-record.ts';
export * from './probe-options.ts';
export * from './probe-record.ts';
export {
  ADAPTER_FILE,
  ADVICE_FILE,
  CLAIMS_FILE,
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
export * from './reproduction-record.ts';
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
export * from './run-record.ts';
export * from './train-options.ts';
export * from './train-record.ts';
export { writeJsonAtomic } from './write-json.ts';
