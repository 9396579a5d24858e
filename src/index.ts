/**
 * RankScope as a library: open a model, measure how much of its gradient low-rank subspaces reach, train
 * adapters in them and export those, and read or show what was measured.
 *
 * @example
 * ```ts
 * import { openModel, probe, renderProbeTable } from 'rankscope';
 *
 * const model = await openModel('./my-model');
 * const { record } = await probe(model, 'notes.txt', { ranks: [4, 16, 64], bases: ['svd', 'random'] });
 * console.log(renderProbeTable(record));
 * const core = record.global.bases[0]!.families.find(({ family }) => family === 'core')!;
 * console.log(core.points.map(({ rank, coverage }) => [rank, coverage.mean]));
 * ```
 */

export {
  type Adapter,
  adaptedModel,
  adapterFactors,
  exportGgufLora,
  exportMerged,
  exportPeft,
  type LayerAdapter,
  type LowRankUpdate,
  loadAdapter,
  lowRankUpdates,
  type MergedOptions,
  type PeftOptions,
  saveAdapter,
} from './adapters/index.ts';
export { type Advice, type AdviseOptions, advise } from './advice/index.ts';
export {
  type ProbeOptions,
  type ProbeResult,
  type Progress,
  probe,
} from './coverage/index.ts';
export { UserError } from './errors/index.ts';
export type { DownloadProgress } from './hub/index.ts';
export { type Model, type OpenModelOptions, openModel } from './models/index.ts';
export type { Interval, Matrix } from './numeric/index.ts';
export {
  type AdapterFamily,
  type AdapterRecord,
  type AdviceRecord,
  adapterRecordSchema,
  adviceRecordSchema,
  type Basis,
  type BasisResult,
  type Compute,
  DEFAULT_BASES,
  DEFAULT_FAMILIES,
  DEFAULT_RANKS,
  type Estimate,
  type Family,
  type FamilyResult,
  type GlobalResult,
  type LayerResult,
  type NaturalResult,
  type ProbeRecord,
  probeRecordSchema,
  type RankPoint,
  type Regime,
  type RunRecord,
  readAdapterRecord,
  readProbeRecord,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
  runRecordSchema,
  type TrainMetrics,
  type TrainRecord,
  trainMetricsSchema,
  trainRecordSchema,
} from './record/index.ts';
export {
  renderProbeHtml,
  renderProbeMarkdown,
  renderProbeTable,
  renderTrainHtml,
  summarizeTraining,
} from './report/index.ts';
export {
  type Batch,
  type Document,
  type Documents,
  makeSequences,
  type ReadSequences,
  readDocuments,
  readSequences,
  type Sequences,
  type TextPaths,
} from './text/index.ts';
export {
  meanLoss,
  type SequenceLosses,
  sequenceLosses,
  type TrainOptions,
  type TrainResult,
  train,
} from './training/index.ts';
