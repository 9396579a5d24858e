/** A table of an experiment with the source's figures beside ours. */
import type { ExperimentTable } from '../../record/index.ts';
import { type TextCell, type TextGrid, textGrids } from '../cells.ts';
import { element, join, type Markup } from './markup.ts';

/** One table where the rows of both have the same names; otherwise the source's beside ours, or below it. */
export function recordTable(table: ExperimentTable): Markup {
  const { grid, source } = textGrids(table);
  const ours = drawnTable(grid, table.title, table.caption);
  if (source === null) return ours;
  return element('div', { class: 'beside' }, ours, drawnTable(source, `${table.title}, the source’s`, ''));
}

function drawnTable(grid: TextGrid, title: string, caption: string): Markup {
  const { columns, rows, words, sourceFrom } = grid;
  const kind = (column: number) => {
    const classes = [
      words.includes(column) ? 'words' : '',
      sourceFrom !== null && column >= sourceFrom ? 'source' : '',
    ].filter((name) => name !== '');
    return classes.length === 0 ? undefined : classes.join(' ');
  };
  const head = columns.map((name, i) => element('th', { scope: 'col', class: kind(i) }, name));
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, i) =>
        i === 0
          ? element('th', { scope: 'row', class: kind(0) }, cellContent(cell))
          : element('td', { class: kind(i) }, cellContent(cell)),
      ),
    ),
  );
  return element(
    'div',
    { class: 'scroll whole', tabindex: '0', role: 'region', 'aria-label': title },
    element(
      'table',
      {},
      element('caption', {}, element('strong', {}, title), caption === '' ? null : ` ${caption}`),
      element('thead', {}, groupRow(grid), element('tr', {}, ...head)),
      element('tbody', {}, ...body),
    ),
  );
}

/** Above the columns: whose figures they hold. */
function groupRow({ columns, sourceFrom }: TextGrid): Markup | null {
  if (sourceFrom === null) return null;
  const group = (text: string, count: number, name?: string) =>
    element('th', { scope: 'colgroup', colspan: count, class: name }, text);
  const ours = sourceFrom > 1 ? [group('measured here', sourceFrom - 1)] : [];
  const theirs = group('the source', columns.length - sourceFrom, 'source');
  return element('tr', {}, element('td', {}), ...ours, theirs);
}

function cellContent({ text, interval }: TextCell): Markup {
  return join([text, interval === null ? null : element('span', { class: 'spread' }, interval)]);
}
