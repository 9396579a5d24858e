/**
 * RankScope as a library: open a model, measure how much of its gradient low-rank subspaces reach, and read or
 * show what was measured.
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
  DEFAULT_BASES,
  DEFAULT_FAMILIES,
  DEFAULT_RANKS,
  type ProbeOptions,
  type ProbeResult,
  type Progress,
  probe,
} from './coverage/index.ts';
export { UserError } from './errors/index.ts';
export { type Batch, type Model, type OpenModelOptions, openModel } from './models/index.ts';
export {
  type Basis,
  type BasisResult,
  type Compute,
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
  readProbeRecord,
  readRunRecord,
  runRecordSchema,
} from './record/index.ts';
export { renderProbeHtml, renderProbeMarkdown, renderProbeTable } from './report/index.ts';
