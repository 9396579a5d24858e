/** What several reproductions found together, as Markdown: a verdict per row of the mission, then the key tables. */
import type { ClaimResult, ExperimentResult, ReproductionRecord, SettingRecord } from '../record/index.ts';
import { formatEstimate } from './cells.ts';
import { formatCompact } from './format.ts';
import { escapeMarkdown, inlineCode, markdownTable } from './markdown-table.ts';
import { MISSION_ROWS } from './mission.ts';
import { markdownOf } from './reproduction-markdown.ts';
import {
  claimGroups,
  countVerdicts,
  mergedNotes,
  notesOn,
  reproductionWarnings,
  settingsOf,
} from './reproduction-view.ts';

export interface FindingsSource {
  /** Where the record lies, as a reader finds it. */
  readonly path: string;
  readonly record: ReproductionRecord;
}

/** A setting of one of the records: a column of the tables. */
interface Column {
  readonly heading: string;
  readonly setting: SettingRecord;
  readonly record: ReproductionRecord;
}

/**
 * The whole text.
 *
 * @param command the command that writes it again.
 */
export function renderFindings(sources: readonly FindingsSource[], command: string): string {
  const columns = columnsOf(sources);
  const claims = sources.flatMap(({ record }) => record.claims);
  const names = [...new Set(sources.flatMap(({ record }) => record.experiments.map(({ name }) => name)))];
  const parts = [
    `<!-- Written by \`${command}\` from the records named below: change those, not this file. -->`,
    '# Findings',
    `What the data say of the source paper’s claims, and of our own questions. Each rule was written before the run; ` +
      `every number below is read from the records by \`${command}\`.`,
    ...sources.flatMap(warningLines),
    '## What was run',
    whatWasRun(sources, columns),
    '## Verdicts',
    'Estimates with 95 % intervals; verdicts after Holm’s correction over all claims of a setting.',
    verdictTable(claims, columns),
    ...names.flatMap((name) => experimentParts(name, sources, columns)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Settings in the order of the records; a name that two records share is told apart by the model. */
function columnsOf(sources: readonly FindingsSource[]): Column[] {
  const all = sources.flatMap(({ record }) => record.settings.map((setting) => ({ record, setting })));
  return all.map(({ record, setting }) => {
    const shared = all.filter((other) => other.setting.title === setting.title).length > 1;
    const heading = shared ? `${setting.title}, ${setting.model.name}` : setting.title;
    return { heading: escapeMarkdown(heading), setting, record };
  });
}

function warningLines({ path, record }: FindingsSource): string[] {
  return reproductionWarnings(record).map((text) => `**${inlineCode(path)}: ${escapeMarkdown(text)}**`);
}

function whatWasRun(sources: readonly FindingsSource[], columns: readonly Column[]): string {
  const rows = columns.map(({ heading, setting, record }) => {
    const { model, data, batchSize, seqLen, seeds } = setting;
    return [
      heading,
      `${escapeMarkdown(model.name)} (${formatCompact(model.parameters)})`,
      escapeMarkdown(data.path),
      `${batchSize}×${seqLen}`,
      String(seeds.length),
      countVerdicts(record.claims.filter((claim) => claim.setting === setting.name)),
      inlineCode(sources.find((source) => source.record === record)!.path),
    ];
  });
  const head = ['setting', 'model', 'text', 'batch', 'seeds', 'verdicts', 'record'];
  return markdownTable(head, rows, [0, 1, 2, 5, 6]);
}

/** Every row of the mission, with all its claims or a line that says that it has none; then our own questions. */
function verdictTable(claims: readonly ClaimResult[], columns: readonly Column[]): string {
  const settings = columns.map(({ setting }) => setting);
  const groups = claimGroups({ claims, settings });
  const line = (row: string, title: string, { claim, id }: (typeof groups)[number]) => [
    row,
    `${title}${escapeMarkdown(claim.statement)} (${inlineCode(id)})`,
    escapeMarkdown(claim.sourceFigure) || '–',
    ...columns.map((column) => verdictCell(id, column)),
  ];
  const mission = MISSION_ROWS.flatMap(([row, title]) => {
    const own = groups.filter(({ claim }) => claim.rows.includes(row));
    if (own.length === 0)
      return [[row, `${title}: no claim in these records`, '–', ...columns.map(() => '–')]];
    return own.map((group, i) => (i === 0 ? line(row, `_${title}_. `, group) : line('', '', group)));
  });
  const ours = groups.filter(({ claim }) => claim.rows.length === 0).map((group) => line('ours', '', group));
  const head = ['row', 'claim', 'source', ...columns.map(({ heading }) => heading)];
  return markdownTable(head, [...mission, ...ours], [...head.keys()]);
}

function verdictCell(id: string, { record, setting }: Column): string {
  const claim = record.claims.find((one) => one.id === id && one.setting === setting.name);
  if (claim === undefined) return '–';
  const estimate = claim.estimate === null ? '' : ` ${formatEstimate(claim.estimate)}`;
  return `**${claim.verdict}**${estimate}`;
}

/** Why each verdict, what to make of it, and the tables that carry it, setting by setting. */
function experimentParts(
  name: string,
  sources: readonly FindingsSource[],
  columns: readonly Column[],
): string[] {
  const found = sources.flatMap(({ record }) =>
    record.experiments.filter((one) => one.name === name).map((experiment) => ({ record, experiment })),
  );
  const { title, question } = found[0]!.experiment;
  const reasons = columns.flatMap(({ heading, setting, record }) =>
    record.claims
      .filter((claim) => claim.experiment === name && claim.setting === setting.name)
      .map(
        (claim) =>
          `- ${heading}, ${inlineCode(claim.id)}: **${claim.verdict}**. ${escapeMarkdown(claim.why)}`,
      ),
  );
  const asked = columns.flatMap(({ heading, setting, record }) => {
    const experiment = found.find((one) => one.record === record)?.experiment;
    if (experiment === undefined || !settingsOf(record, experiment).includes(setting)) return [];
    return [{ title: heading, texts: notesOn(experiment, setting).map(escapeMarkdown) }];
  });
  const notes = mergedNotes(asked).map((note) => `- ${note}`);
  const tables = found.flatMap(({ record, experiment }) =>
    keyTables(experiment).map((table) => {
      const column = columns.find((one) => one.record === record && one.setting.name === table.setting);
      return markdownOf(table, column === undefined ? null : column.setting.title);
    }),
  );
  return [
    `## ${escapeMarkdown(title)} (${inlineCode(name)})`,
    escapeMarkdown(question),
    ...(reasons.length === 0 ? [] : [reasons.join('\n')]),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
    ...tables,
  ];
}

/** The tables that the source has too; where it has none, the first of each setting. */
function keyTables({ tables }: ExperimentResult): ExperimentResult['tables'] {
  const shared = tables.filter(({ source }) => source !== null);
  if (shared.length > 0) return shared;
  return tables.filter((table, i) => tables.findIndex(({ setting }) => setting === table.setting) === i);
}
