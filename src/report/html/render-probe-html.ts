/** The record as one self-contained page: no network, no fonts, light and dark. */
import type { ProbeRecord, RunRecord } from '../../record/index.ts';
import { formatCompact, formatNumber } from '../format.ts';
import { summarize } from '../summary.ts';
import { familiesOf, headlineRank } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { pageData } from './page-data.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import { runDetails } from './run-details.ts';
import { figureSections, section } from './sections.ts';

/** The page may load nothing, wherever it is opened and whatever a record says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The page for a record; `run` adds the command, versions and machine where they are known. */
export function renderProbeHtml(record: ProbeRecord, run: RunRecord | null): string {
  const title = `${record.model.name} on ${fileName(record.data.path)}`;
  const family = familiesOf(record)[0];
  const rank = headlineRank(record);
  const sections = family === undefined || rank === null ? [] : figureSections(record, family, rank);
  const head = [
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    element('meta', { name: 'color-scheme', content: 'light dark' }),
    element('title', {}, `${title} · RankScope`),
    { markup: `<style>${PAGE_STYLE}</style>` },
  ];
  const what = section(
    'What was run',
    null,
    runDetails(record, run),
    ...record.notes.map((note) => element('p', { class: 'explain' }, `Note: ${note}`)),
  );
  const body = element(
    'body',
    {},
    element('main', {}, header(record, title), ...sections, what),
    ...script(record, sections),
  );
  return `<!doctype html>\n${element('html', { lang: 'en' }, element('head', {}, ...head), body).markup}\n`;
}

function header(record: ProbeRecord, title: string): Markup {
  const { model, measured, settings, global, layers } = record;
  const { mean, low, high } = measured.loss;
  const facts: [string, string][] = [
    ['Model', `${model.architecture}, ${formatCompact(model.parameters)}`],
    ['Layers', `${layers.length} measured`],
    ['Batches', `${measured.batches}, each ${settings.batchSize}×${settings.seqLen}`],
    ['Loss', `${mean.toFixed(4)} ±${((high - low) / 2).toFixed(4)}`],
    ['Gradient norm', formatNumber(global.gradientNorm.mean)],
    ['Compute', `${settings.compute}, seed ${settings.seed}`],
  ];
  const stopped = 'This run was stopped early: the figures are of what was measured until then.';
  return element(
    'header',
    {},
    element('p', { class: 'kicker' }, 'RankScope probe: gradient within reach of low-rank adapters'),
    element('h1', {}, title),
    element('p', { class: 'answer' }, summarize(record)),
    record.status === 'partial' ? element('p', { class: 'partial' }, stopped) : null,
    element(
      'dl',
      { class: 'facts' },
      ...facts.map(([name, text]) => element('div', {}, element('dt', {}, name), element('dd', {}, text))),
    ),
  );
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
