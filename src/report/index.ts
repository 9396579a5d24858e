/**
 * Room `report`: records turned into text, Markdown and pages. It reads schema-checked records and nothing else, so
 * a report can be made again, years later, from the files of a run.
 */
export { renderProbeHtml } from './html/render-probe-html.ts';
export { renderProbeMarkdown } from './markdown.ts';
export { encodeFileStart, encodeScalars, eventFileName, type ScalarEvent } from './tensorboard.ts';
export { renderProbeTable, type TerminalOptions } from './terminal.ts';
export { renderTrainHtml } from './train-html.ts';
export { describeAdapter, summarizeTraining } from './train-summary.ts';
