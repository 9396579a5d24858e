/** The claims of a reproduction for a terminal, within its columns. */
import type { ClaimResult, ReproductionRecord, Verdict } from '../record/index.ts';
import { formatEstimate } from './cells.ts';
import { printable } from './printable.ts';
import {
  claimGroups,
  claimsIn,
  countVerdicts,
  reproductionWarnings,
  VERDICT_SIGN,
} from './reproduction-view.ts';
import {
  type Column,
  cut,
  fitTable,
  makePaint,
  type Paint,
  type TerminalOptions,
  WIDTH,
  widthOf,
  wrap,
} from './terminal-table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'claim', words: 'cut-right', least: 8 },
  { head: 'setting', words: 'cut-right', least: 8, spare: 0 },
  { head: 'ours', words: 'whole' },
  // The source's figure is words, and gets what room the others leave.
  { head: 'source', words: 'cut-right', least: 8, spare: 1 },
  { head: 'verdict', words: 'whole' },
];

/** One line a claim and setting, then the counts of verdicts, and what to know before believing them. */
export function renderReproductionTable(
  given: ReproductionRecord,
  { color = false, columns }: TerminalOptions = {},
): string {
  const record = printable(given);
  const paint = makePaint(color);
  const width = widthOf(columns);
  const rows = claimGroups(record).flatMap(({ id, results }) =>
    results.map((result, i) => [...textsOf(i === 0 ? id : '', result), paintVerdict(result.verdict, paint)]),
  );
  const { text: table } = fitTable(COLUMNS, rows, { paint, gap: 1, width });
  const counts = record.settings.map(
    ({ name }) => `${cut(name, 20)}: ${countVerdicts(claimsIn(record, name))}`,
  );
  const warnings = reproductionWarnings(record).flatMap((text) => wrap(text, Math.min(width, WIDTH)));
  const after = [...counts.map(paint.bold), ...warnings.map(paint.poor)];
  return `${table}\n\n${after.join('\n')}\n`;
}

function textsOf(id: string, { setting, estimate, sourceFigure }: ClaimResult): string[] {
  const ours = estimate === null ? '–' : formatEstimate(estimate);
  return [id, setting, ours, sourceFigure === '' ? '–' : sourceFigure];
}

function paintVerdict(verdict: Verdict, paint: Paint): string {
  const colour = { confirmed: paint.good, refuted: paint.poor, inconclusive: paint.dim }[verdict];
  return colour(`${VERDICT_SIGN[verdict]} ${verdict}`);
}
