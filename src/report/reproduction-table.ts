/** The claims of a reproduction for a terminal, at most 100 columns wide. */
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
  cut,
  makePaint,
  makeTable,
  type Paint,
  printTable,
  type TerminalOptions,
  WIDTH,
  wrap,
} from './terminal-table.ts';

const HEAD = ['claim', 'setting', 'ours', 'source', 'verdict'] as const;
/** The widest that a column but the source's may be: numbers are not cut. */
const WIDEST = [28, 12, 34] as const;
/** The verdict, and a space after each column. */
const REST = '? inconclusive'.length + HEAD.length;

/** One line a claim and setting, then the counts of verdicts, and what to know before believing them. */
export function renderReproductionTable(
  given: ReproductionRecord,
  { color = false }: TerminalOptions = {},
): string {
  const record = printable(given);
  const paint = makePaint(color);
  const table = makeTable(HEAD, HEAD, paint, 1);
  const rows = claimGroups(record).flatMap(({ id, results }) =>
    results.map((result, i) => ({ result, texts: textsOf(i === 0 ? id : '', result) })),
  );
  const widths = WIDEST.map((most, column) =>
    Math.min(most, Math.max(HEAD[column]!.length, ...rows.map(({ texts }) => texts[column]!.length))),
  );
  // The source's figure is words, and gets what room the others leave.
  widths.push(WIDTH - REST - widths.reduce((sum, width) => sum + width, 0));
  for (const { result, texts } of rows)
    table.push([
      ...texts.map((text, column) => cut(text, widths[column]!)),
      paintVerdict(result.verdict, paint),
    ]);
  const counts = record.settings.map(
    ({ name }) => `${cut(name, 20)}: ${countVerdicts(claimsIn(record, name))}`,
  );
  const warnings = reproductionWarnings(record).flatMap((text) => wrap(text, WIDTH));
  const after = [...counts.map(paint.bold), ...warnings.map(paint.poor)];
  return `${printTable(table)}\n\n${after.join('\n')}\n`;
}

function textsOf(id: string, { setting, estimate, sourceFigure }: ClaimResult): string[] {
  const ours = estimate === null ? '–' : formatEstimate(estimate);
  return [id, setting, ours, sourceFigure === '' ? '–' : sourceFigure];
}

function paintVerdict(verdict: Verdict, paint: Paint): string {
  const colour = { confirmed: paint.good, refuted: paint.poor, inconclusive: paint.dim }[verdict];
  return colour(`${VERDICT_SIGN[verdict]} ${verdict}`);
}
