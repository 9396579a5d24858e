/** A whole reproduction as one Markdown text: claims first, then every experiment with its tables. */
import type { ExperimentResult, ExperimentTable, ReproductionRecord } from '../record/index.ts';
import { formatEstimate, type TextCell, textGrids } from './cells.ts';
import { escapeMarkdown, inlineCode, markdownTable } from './markdown-table.ts';
import {
  claimGroups,
  claimsIn,
  countVerdicts,
  type Detail,
  evidenceOf,
  noteLines,
  reproductionWarnings,
  runDetailsOf,
  settingDetails,
  settingTitle,
  trialsInWords,
} from './reproduction-view.ts';

export function renderReproductionMarkdown(record: ReproductionRecord): string {
  const settings = record.settings.map(
    ({ name, title }) => `- ${escapeMarkdown(title)}: ${countVerdicts(claimsIn(record, name))}`,
  );
  const parts = [
    '# The source paper, tested claim by claim',
    ...reproductionWarnings(record).map((text) => `**${escapeMarkdown(text)}**`),
    settings.join('\n'),
    '## Claims',
    claimsTable(record),
    ...record.experiments.flatMap((experiment) => experimentParts(record, experiment)),
    '## What was run',
    detailLines(runDetailsOf(record)),
    ...record.settings.flatMap((setting) => [
      `### ${escapeMarkdown(setting.title)}`,
      detailLines(settingDetails(setting)),
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function claimsTable(record: ReproductionRecord): string {
  const rows = claimGroups(record).flatMap(({ results }) =>
    results.map((result) => [
      escapeMarkdown(result.rows.join(', ')),
      `${escapeMarkdown(result.statement)} (${inlineCode(result.id)})`,
      escapeMarkdown(settingTitle(record, result.setting)),
      escapeMarkdown(result.sourceFigure) || '–',
      result.estimate === null ? '–' : formatEstimate(result.estimate),
      `**${result.verdict}**`,
      escapeMarkdown([result.why, evidenceOf(result)].filter((text) => text !== '').join(' ')),
      escapeMarkdown(`${result.quantity}: ${result.rule}`),
    ]),
  );
  const head = ['row', 'claim', 'setting', 'source', 'ours, 95 % interval', 'verdict', 'why', 'rule'];
  return markdownTable(head, rows, [0, 1, 2, 3, 5, 6, 7]);
}

function experimentParts(record: ReproductionRecord, experiment: ExperimentResult): string[] {
  const { name, title, question, method, tables, trials } = experiment;
  const notes = noteLines(record, experiment);
  return [
    `## ${escapeMarkdown(title)} (${inlineCode(name)})`,
    escapeMarkdown(question),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n')]),
    ...tables.map((table) =>
      markdownOf(table, table.setting === null ? null : settingTitle(record, table.setting)),
    ),
    `Method: ${escapeMarkdown(method)} ${trialsInWords(trials)}.`,
  ];
}

/** A table with its title and caption, the source's figures beside ours; `setting` where it is told. */
export function markdownOf(table: ExperimentTable, setting: string | null): string {
  const { grid, source } = textGrids(table);
  const where = setting === null ? '' : `, ${escapeMarkdown(setting)}`;
  const caption = table.caption === '' ? '' : ` ${escapeMarkdown(table.caption)}`;
  const title = `**${escapeMarkdown(table.title)}${where}.**${caption}`;
  const print = ({ columns, rows, words, sourceFrom }: typeof grid) =>
    markdownTable(
      columns.map((name, i) =>
        escapeMarkdown(sourceFrom !== null && i >= sourceFrom ? `source: ${name}` : name),
      ),
      rows.map((row) => row.map(cellText)),
      words,
    );
  if (source === null) return `${title}\n\n${print(grid)}`;
  return `${title}\n\n${print(grid)}\n\nThe source’s:\n\n${print(source)}`;
}

function cellText({ text, interval }: TextCell): string {
  return escapeMarkdown(interval === null ? text : `${text} ${interval}`);
}

function detailLines(details: readonly Detail[]): string {
  return details
    .map(
      ({ name, text, code = false }) =>
        `- ${escapeMarkdown(name)}: ${code ? inlineCode(text) : escapeMarkdown(text)}`,
    )
    .join('\n');
}
