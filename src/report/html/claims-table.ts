/** The claims: each with its rule, and under it a row per setting with the source's figure, ours and the verdict. */
import type { ClaimResult } from '../../record/index.ts';
import { formatEstimate } from '../cells.ts';
import { type ClaimGroup, evidenceOf } from '../reproduction-view.ts';
import { type Child, element, type Markup } from './markup.ts';
import { verdictMark } from './verdict.ts';

/** The titles of the columns; on narrow screens, where cells stand below each other, they stand before each cell. */
const COLUMNS = ['Setting', 'Source', 'Ours, 95 % interval', 'Verdict', 'Why'] as const;

/** Where a claim stands on its page. */
export const claimAnchor = (id: string): string => `claim-${id}`;

/**
 * The table of claims.
 *
 * @param titleOf what a setting is called.
 * @param linkOf where a claim's experiment is told; null on the page that tells it.
 */
export function claimsTable(
  groups: readonly ClaimGroup[],
  caption: string,
  titleOf: (setting: string) => string,
  linkOf: ((claim: ClaimResult) => string) | null,
): Markup {
  // Roles are said again because the style of narrow screens, which stacks cells, takes them away in some browsers.
  const head = COLUMNS.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name));
  return element(
    'table',
    { class: 'claims', role: 'table' },
    element('caption', {}, caption),
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...head)),
    ...groups.map((group) => claimRows(group, titleOf, linkOf?.(group.claim) ?? null)),
  );
}

function claimRows(
  { id, claim, results }: ClaimGroup,
  titleOf: (setting: string) => string,
  link: string | null,
): Markup {
  const { rows, statement, quantity, rule } = claim;
  const name =
    link === null ? element('code', {}, id) : element('a', { href: link }, element('code', {}, id));
  const about = element(
    'th',
    { id: claimAnchor(id), scope: 'rowgroup', role: 'rowheader', colspan: COLUMNS.length },
    element('span', { class: 'quiet' }, rows.length === 0 ? 'our question' : rows.join(', '), ' · ', name),
    element('span', { class: 'statement' }, statement),
    element('span', { class: 'quiet' }, `Estimated: ${quantity}. Rule: ${rule}`),
  );
  return element(
    'tbody',
    { role: 'rowgroup' },
    element('tr', { class: 'claim', role: 'row' }, about),
    ...results.map((result) => resultRow(result, titleOf)),
  );
}

function resultRow(result: ClaimResult, titleOf: (setting: string) => string): Markup {
  const { sourceFigure, estimate, verdict, why, setting } = result;
  const evidence = evidenceOf(result);
  const cells: Child[] = [
    sourceFigure === '' ? '–' : sourceFigure,
    estimate === null ? '–' : withSpread(formatEstimate(estimate)),
    verdictMark(verdict),
    [why, evidence === '' ? null : element('span', { class: 'quiet' }, ` ${evidence}.`)],
  ];
  return element(
    'tr',
    { role: 'row' },
    element('th', { scope: 'row', role: 'rowheader' }, titleOf(setting)),
    ...cells.map((cell, i) => element('td', { role: 'cell', 'data-label': COLUMNS[i + 1] }, cell)),
  );
}

/** The interval below its value: read in one glance, and never broken over lines. */
export function withSpread(text: string): Child {
  const [value, interval] = text.split(/ (?=\[)/);
  return interval === undefined ? text : [value!, ' ', element('span', { class: 'spread' }, interval)];
}
