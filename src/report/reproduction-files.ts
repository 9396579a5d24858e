/** The report of a reproduction: the page of claims, a page for each experiment, and all of it as Markdown. */
import type { ReproductionRecord } from '../record/index.ts';
import { renderExperimentHtml } from './html/render-experiment-html.ts';
import { renderReproductionHtml } from './html/render-reproduction-html.ts';
import { renderReproductionMarkdown } from './reproduction-markdown.ts';
import { experimentPage, REPRODUCTION_PAGE } from './reproduction-view.ts';

/** Texts by their path in the folder of the run: the pages link to each other by these. */
export function reproductionFiles(record: ReproductionRecord): Map<string, string> {
  return new Map([
    [REPRODUCTION_PAGE, renderReproductionHtml(record)],
    ['report.md', renderReproductionMarkdown(record)],
    ...record.experiments.map(({ name }): [string, string] => [
      experimentPage(name),
      renderExperimentHtml(record, name),
    ]),
  ]);
}
