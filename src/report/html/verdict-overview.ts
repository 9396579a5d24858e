/** All verdicts at a glance: one line per claim, one column per setting. */
import type { ClaimResult, ReproductionRecord } from '../../record/index.ts';
import { formatEstimate } from '../cells.ts';
import type { ClaimGroup } from '../reproduction-view.ts';
import { claimAnchor, withSpread } from './claims-table.ts';
import { type Child, element, type Markup } from './markup.ts';
import { verdictMark } from './verdict.ts';

/** The table; a claim links to its place in the table of claims on the same page. */
export function verdictOverview(record: ReproductionRecord, groups: readonly ClaimGroup[]): Markup {
  const names = ['Row', 'Claim', 'Source', ...record.settings.map(({ title }) => title)];
  const head = names.map((name) => element('th', { scope: 'col' }, name));
  const lines = groups.map((group) => line(record, group));
  return element(
    'div',
    { class: 'scroll whole overview' },
    element(
      'table',
      {},
      element('caption', {}, 'Estimates with 95 % intervals; verdicts after Holm’s correction.'),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...lines),
    ),
  );
}

function line(record: ReproductionRecord, { id, claim, results }: ClaimGroup): Markup {
  const link = element('a', { href: `#${claimAnchor(id)}` }, claim.statement);
  const found = record.settings.map(({ name }) => results.find(({ setting }) => setting === name));
  return element(
    'tr',
    {},
    element('td', {}, claim.rows.length === 0 ? 'ours' : claim.rows.join(', ')),
    element('th', { scope: 'row' }, link, ' ', element('code', {}, id)),
    element('td', {}, claim.sourceFigure === '' ? '–' : claim.sourceFigure),
    ...found.map((result) => element('td', {}, verdictCell(result))),
  );
}

function verdictCell(result: ClaimResult | undefined): Child {
  if (result === undefined) return '–';
  const { verdict, estimate } = result;
  return [
    verdictMark(verdict),
    estimate === null ? null : element('div', {}, withSpread(formatEstimate(estimate))),
  ];
}
