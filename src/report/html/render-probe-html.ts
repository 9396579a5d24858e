/** The record as one self-contained page: no network, no fonts, light and dark. */
import { describeCompute, type ProbeRecord, type RunRecord } from '../../record/index.ts';
import { formatCompact, formatNumber } from '../format.ts';
import { summarize } from '../summary.ts';
import { familiesOf, headlineRank } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { pageHeader, renderPage, section } from './page.ts';
import { pageData } from './page-data.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { runDetails } from './run-details.ts';
import { figureSections } from './sections.ts';

/**
 * The page for a record; `run` adds the command, versions and machine where they are known.
 *
 * @example
 * ```ts
 * const page = renderProbeHtml(readProbeRecord('runs/first'), readRunRecord('runs/first'));
 * ```
 */
export function renderProbeHtml(record: ProbeRecord, run: RunRecord | null): string {
  const title = `${record.model.name} on ${fileName(record.data.path)}`;
  const family = familiesOf(record)[0];
  const rank = headlineRank(record);
  const sections = family === undefined || rank === null ? [] : figureSections(record, family, rank);
  const what = section(
    'What was run',
    null,
    runDetails(record, run),
    ...record.notes.map((note) => element('p', { class: 'explain' }, `Note: ${note}`)),
  );
  return renderPage({
    title,
    body: [header(record, title), ...sections, what],
    scripts: script(record, sections),
  });
}

function header(record: ProbeRecord, title: string): Markup {
  const { model, measured, settings, global, layers } = record;
  const { mean, low, high } = measured.loss;
  const stopped = 'This run was stopped early: the figures are of what was measured until then.';
  return pageHeader({
    kicker: 'RankScope probe: gradient within reach of low-rank adapters',
    title,
    answer: summarize(record),
    warnings: record.status === 'partial' ? [stopped] : [],
    facts: [
      ['Model', `${model.architecture}, ${formatCompact(model.parameters)}`],
      ['Layers', `${layers.length} measured`],
      ['Batches', `${measured.batches}, each ${settings.batchSize}×${settings.seqLen}`],
      ['Loss', `${mean.toFixed(4)} ±${((high - low) / 2).toFixed(4)}`],
      ['Gradient norm', formatNumber(global.gradientNorm.mean)],
      ['Compute', `${describeCompute(settings)}, seed ${settings.seed}`],
    ],
  });
}

function script(record: ProbeRecord, sections: readonly Markup[]): Markup[] {
  if (sections.length === 0) return [];
  // "<" could close the element from inside a string.
  const data = JSON.stringify(pageData(record)).replaceAll('<', '\\u003c');
  return [
    { markup: `<script type="application/json" id="data">${data}</script><script>${PAGE_SCRIPT}</script>` },
  ];
}

const fileName = (path: string) => path.split(/[\\/]/).at(-1) ?? path;
