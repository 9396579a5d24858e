/** One experiment of a reproduction as a page: question, claims, tables beside the source's, figures, methods. */
import { invariant } from '../../errors/index.ts';
import type { ExperimentFigure, ExperimentResult, ReproductionRecord } from '../../record/index.ts';
import {
  claimGroups,
  countVerdicts,
  noteLines,
  REPRODUCTION_PAGE,
  reproductionWarnings,
  settingsOf,
  settingTitle,
  trialsInWords,
} from '../reproduction-view.ts';
import { claimsTable } from './claims-table.ts';
import { element, type Markup } from './markup.ts';
import { pageHeader, renderPage, section } from './page.ts';
import { recordTable } from './record-table.ts';
import { detailSections } from './reproduction-details.ts';
import { intervalNote, seriesFigure } from './series-figure.ts';

/** The page of the experiment `name`, which the record must have. */
export function renderExperimentHtml(record: ReproductionRecord, name: string): string {
  const experiment = record.experiments.find((one) => one.name === name);
  invariant(experiment !== undefined, `the record has no experiment "${name}"`);
  const { title, method } = experiment;
  const notes = noteLines(record, experiment);
  const claims = record.claims.filter((claim) => claim.experiment === name);
  const titleOf = (setting: string) => settingTitle(record, setting);
  const table = claimsTable(
    claimGroups({ ...record, claims }),
    'Rules were written before the run.',
    titleOf,
    null,
  );
  const settings = settingsOf(record, experiment);
  const results = [null, ...settings.map((setting) => setting.name)].flatMap((setting) => {
    const shown = resultsIn(experiment, setting);
    if (shown.length === 0) return [];
    return [section(setting === null ? 'All settings' : titleOf(setting), null, ...shown)];
  });
  return renderPage({
    title,
    body: [
      header(record, experiment),
      claims.length === 0 ? null : section('Claims', null, table),
      notes.length === 0
        ? null
        : section('What to make of it', null, ...notes.map((note) => element('p', {}, note))),
      ...results,
      ...detailSections('Methods', record, settings, element('p', {}, method)),
    ],
  });
}

function header(record: ReproductionRecord, experiment: ExperimentResult): Markup {
  const { name, title, question, trials } = experiment;
  const claims = record.claims.filter((claim) => claim.experiment === name);
  return pageHeader({
    kicker: [
      element('a', { href: `../${REPRODUCTION_PAGE}` }, 'All claims'),
      ' · ',
      element('code', {}, name),
    ],
    title,
    answer: question,
    // Failures of others are told on their own pages.
    warnings: reproductionWarnings({ ...record, experiments: [experiment] }),
    facts: [
      ['Verdicts', countVerdicts(claims)],
      ['Trials', trialsInWords(trials)],
    ],
  });
}

/** The tables and figures of one setting; null for those that span settings. */
function resultsIn({ tables, figures }: ExperimentResult, setting: string | null): Markup[] {
  const drawn = figures.flatMap((figure, index) =>
    figure.setting === setting ? [[figure, index] as const] : [],
  );
  return [
    ...drawn.map(([figure, index]) => drawnFigure(figure, `figure-${index}`)),
    ...tables.filter((table) => table.setting === setting).map(recordTable),
  ];
}

function drawnFigure(figure: ExperimentFigure, id: string): Markup {
  const caption = element(
    'figcaption',
    { class: 'explain' },
    element('strong', {}, figure.title),
    ` ${figure.caption} `,
    intervalNote(figure),
  );
  return (
    seriesFigure({ ...figure, id }, caption) ??
    element('p', { class: 'explain' }, element('strong', {}, figure.title), ' has no points to draw.')
  );
}
