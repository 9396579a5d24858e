/**
 * Room `report`: records turned into text, Markdown and pages. It reads schema-checked records and nothing else, so
 * a report can be made again, years later, from the files of a run.
 */
export { adviceMarkdown, renderAdviceHtml, renderAdviceText } from './advice.ts';

export { type FindingsSource, renderFindings } from './findings.ts';
export { formatCompact, formatCount, formatNumber, formatSeconds } from './format.ts';
export { renderExperimentHtml } from './html/render-experiment-html.ts';
export { renderProbeHtml } from './html/render-probe-html.ts';
export { renderReproductionHtml } from './html/render-reproduction-html.ts';
export { renderProbeMarkdown } from './markdown.ts';
export { printable as printableRecord } from './printable.ts';
export { reproductionFiles } from './reproduction-files.ts';
export { renderReproductionMarkdown } from './reproduction-markdown.ts';
export { renderReproductionTable } from './reproduction-table.ts';
export { experimentPage, REPRODUCTION_PAGE } from './reproduction-view.ts';
export { encodeFileStart, encodeScalars, eventFileName, type ScalarEvent } from './tensorboard.ts';
export { renderProbeTable } from './terminal.ts';
export {
  type Column,
  fitTable,
  makePaint,
  type Row,
  type TerminalOptions,
  widthOf,
  wrap,
} from './terminal-table.ts';
export { renderTrainHtml } from './train-html.ts';
export { describeAdapter, summarizeTraining, trainingMarkdown } from './train-summary.ts';
export { headlineRank } from './view.ts';
