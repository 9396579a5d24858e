/** The record as short Markdown tables, for a README or an issue. */
import { describeCompute, type Family, type ProbeRecord } from '../record/index.ts';
import { formatCount, formatNumber, formatNumberWithSpread, formatPercent, formatShare } from './format.ts';
import { escapeMarkdown, inlineCode, markdownTable } from './markdown-table.ts';
import { summarize } from './summary.ts';
import {
  basesOf,
  familiesOf,
  headlineRank,
  naturalAt,
  naturalOf,
  naturalPoint,
  parameterText,
  pointOf,
  ranksOf,
} from './view.ts';

/**
 * A sentence, a table of coverage (gain) by rank and basis, one of ν where it was measured, and what was run.
 *
 * @example
 * ```ts
 * const text = renderProbeMarkdown(readProbeRecord('runs/first'));
 * ```
 */
export function renderProbeMarkdown(record: ProbeRecord): string {
  const family = familiesOf(record)[0];
  const parts = [summarize(record)];
  if (family !== undefined)
    parts.push(...coverageTable(record, family), ...naturalTable(record), ...moduleTable(record, family));
  const { model, data, settings, measured } = record;
  parts.push(
    `${escapeMarkdown(model.name)} on ${escapeMarkdown(data.path)}: ${measured.batches} batches of ` +
      `${settings.batchSize}×${settings.seqLen} tokens, ${settings.calibrationBatches} for calibration, loss ` +
      `${measured.loss.mean.toFixed(4)}, ${describeCompute(settings)}, seed ${settings.seed}, weights sha256 ` +
      `${inlineCode(model.sha256.slice(0, 12))}${record.status === 'partial' ? ', stopped early (partial)' : ''}.`,
    ...record.notes.map((note) => `Note: ${escapeMarkdown(note)}`),
  );
  return `${parts.join('\n\n')}\n`;
}

function coverageTable(record: ProbeRecord, family: Family): string[] {
  const bases = basesOf(record);
  const rows = ranksOf(record).flatMap((rank) => {
    const points = bases.map((basis) => pointOf(record.global, basis, family, rank));
    const any = points.find((point) => point !== undefined);
    if (any === undefined) return [];
    const cells = points.map((p) =>
      p ? `${formatShare(p.coverage.mean)} (${formatNumber(p.gain.mean)}×)` : '–',
    );
    const ceiling = any.ceiling === null ? '–' : formatShare(any.ceiling);
    return [
      [
        String(rank),
        parameterText(family, any, formatCount),
        formatShare(any.null.coverage),
        ...cells,
        ceiling,
      ],
    ];
  });
  const caption = `Coverage of the gradient by \`${family}\` adapters, and the gain in energy over random frames:`;
  return [caption, markdownTable(['rank', 'parameters', 'null', ...bases, 'ceiling'], rows)];
}

function moduleTable(record: ProbeRecord, family: Family): string[] {
  const rank = headlineRank(record);
  if (record.moduleTypes.length < 2 || rank === null) return [];
  const bases = basesOf(record);
  const rows = record.moduleTypes.map((type) => [
    inlineCode(type.name),
    String(type.layers),
    formatPercent(type.energyShare),
    ...bases.map((basis) => {
      const point = pointOf(type, basis, family, rank);
      const natural = naturalPoint(type, basis, rank);
      const reach =
        point === undefined ? '–' : `${formatShare(point.coverage.mean)} (${formatNumber(point.gain.mean)}×)`;
      return natural === undefined ? reach : `${reach}, ${formatNumberWithSpread(natural)}`;
    }),
  ]);
  const caption = `By type of module, \`${family}\` adapters at rank ${rank}: coverage (gain), and ν where it was measured:`;
  return [caption, markdownTable(['module', 'layers', 'energy %', ...bases], rows, [0])];
}

function naturalTable(record: ProbeRecord): string[] {
  const bases = basesOf(record).filter((basis) => naturalOf(record.global, basis) !== null);
  if (bases.length === 0) return [];
  const cell = (basis: string, rank: number) => {
    const natural = naturalOf(record.global, basis)!;
    const [heldOut, inSample] = [naturalAt(natural.heldOut, rank), naturalAt(natural.inSample, rank)];
    if (heldOut === undefined || inSample === undefined) return '–';
    const [low, high] = [naturalAt(natural.heldOutLow, rank)!, naturalAt(natural.heldOutHigh, rank)!];
    return `${formatNumberWithSpread({ mean: heldOut, low, high })} (${formatNumber(inSample)})`;
  };
  const rows = ranksOf(record).map((rank) => [String(rank), ...bases.map((basis) => cell(basis, rank))]);
  const ridge = naturalOf(record.global, bases[0]!)!.ridge;
  const caption = `Natural coverage ν summed over layers (ridge ${ridge}), held out, and in sample in brackets:`;
  return [caption, markdownTable(['rank', ...bases], rows)];
}
