/** A reproduction as one page: the verdicts, every claim with its rule and reasons, the way to the experiments. */
import type { ExperimentResult, ReproductionRecord } from '../../record/index.ts';
import {
  claimGroups,
  claimsIn,
  countVerdicts,
  experimentPage,
  reproductionWarnings,
  settingTitle,
  trialsInWords,
} from '../reproduction-view.ts';
import { claimsTable } from './claims-table.ts';
import { element, type Markup } from './markup.ts';
import { pageHeader, renderPage, section } from './page.ts';
import { detailSections } from './reproduction-details.ts';
import { verdictOverview } from './verdict-overview.ts';

const TITLE = 'The source paper, tested claim by claim';

export function renderReproductionHtml(record: ReproductionRecord): string {
  const groups = claimGroups(record);
  const claims = claimsTable(
    groups,
    'Rules were written before the run. A row of the mission (M1–M19) stands before each claim of the source.',
    (setting) => settingTitle(record, setting),
    (claim) => experimentPage(claim.experiment),
  );
  return renderPage({
    title: TITLE,
    body: [
      header(record),
      section('Verdicts', null, verdictOverview(record, groups)),
      section('Claims', null, claims),
      section('Experiments', null, ...record.experiments.map((one) => experimentEntry(record, one))),
      ...detailSections('What was run', record, record.settings),
    ],
  });
}

function header(record: ReproductionRecord): Markup {
  const verdicts = record.settings.map(
    (setting) => [setting.title, countVerdicts(claimsIn(record, setting.name))] as const,
  );
  return pageHeader({
    kicker: 'RankScope reproduce',
    title: TITLE,
    answer: `${claimGroups(record).length} claims, each with a rule written beforehand. Verdicts by setting:`,
    warnings: reproductionWarnings(record),
    facts: verdicts,
  });
}

function experimentEntry(
  record: ReproductionRecord,
  { name, title, question, trials }: ExperimentResult,
): Markup {
  const claims = record.claims.filter(({ experiment }) => experiment === name);
  return element(
    'article',
    {},
    element('h3', {}, element('a', { href: experimentPage(name) }, title), ' ', element('code', {}, name)),
    element('p', {}, question),
    element('p', { class: 'explain' }, `${countVerdicts(claims)}; ${trialsInWords(trials)}`),
  );
}
