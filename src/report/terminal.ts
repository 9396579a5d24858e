/** The record as text for a terminal, at most 100 columns wide, and 80 where the terminal has no more. */
import { someOf } from '../errors/index.ts';
import {
  describeCompute,
  type Family,
  namedBasis,
  type ProbeRecord,
  type RankPoint,
} from '../record/index.ts';
import {
  formatCompact,
  formatNumber,
  formatNumberWithSpread,
  formatPercent,
  formatSeconds,
  formatShare,
  formatShareBand,
  formatShareOrBound,
  formatShareWithSpread,
} from './format.ts';
import { basisMeaning } from './labels.ts';
import { printable } from './printable.ts';
import { summarize } from './summary.ts';
import {
  cut,
  makePaint,
  makeTable,
  type Paint,
  printTable,
  type TerminalOptions,
  WIDTH,
  widthOf,
  wrap,
} from './terminal-table.ts';
import {
  basesOf,
  deadLayers,
  familiesOf,
  familyOf,
  headlineRank,
  naturalAt,
  naturalOf,
  parameterText,
  pointOf,
  widestLayers,
} from './view.ts';

/** So that a table of one column per basis stays within the width. */
const basesPerTable = (width: number) => (width < WIDTH ? 3 : 4);
/** Frames from files have longer names than bases. */
const basisHead = (name: string) => (namedBasis(name) === null ? cut(name, 11) : name);
const LAYERS_SHOWN = 3;

/** The whole table: what was run, one row per basis and rank, other families, layers, notes. */
export function renderProbeTable(
  given: ProbeRecord,
  { color = false, columns }: TerminalOptions = {},
): string {
  const width = widthOf(columns);
  const record = printable(given);
  const paint = makePaint(color);
  const family = familiesOf(record)[0];
  const rank = headlineRank(record);
  const sections = [header(record, paint, width)];
  if (family === undefined || rank === null) sections.push('Nothing was measured.');
  else {
    sections.push(basisTable(record, family, paint, width), ...otherFamilies(record, rank, paint, width));
    sections.push(...layers(record, family, rank, paint, width), legend(record, family, paint, width));
  }
  return `${sections.join('\n\n')}\n`;
}

function header(record: ProbeRecord, paint: Paint, width: number): string {
  const { model, data, measured, settings } = record;
  const { mean, low, high } = measured.loss;
  const loss = `${mean.toFixed(4)} (${low === high ? 'no interval' : `95 % ${low.toFixed(4)}–${high.toFixed(4)}`})`;
  const rows = [
    [
      'model',
      `${model.name} (${model.architecture}, ${formatCompact(model.parameters)} parameters, ${model.format})`,
    ],
    [
      'data',
      `${data.path}: ${measured.batches} batches of ${settings.batchSize}×${settings.seqLen} tokens, ` +
        `${settings.calibrationBatches} more for calibration`,
    ],
    ['loss', `${loss} nats per token`],
    ['run', `${describeCompute(settings)}, seed ${settings.seed}, ${formatSeconds(measured.seconds)}`],
  ];
  const lines = rows.map(([name, text]) => `${paint.dim(name!.padEnd(6))} ${cut(text!, width - 7)}`);
  if (record.status === 'partial')
    lines.push(paint.poor('partial: the run was stopped; this is what was measured until then'));
  return [...lines, '', ...wrap(summarize(record), width).map(paint.bold)].join('\n');
}

function basisTable(record: ProbeRecord, family: Family, paint: Paint, width: number): string {
  const hasNatural = record.global.bases.some((b) => b.natural !== null);
  const head = hasRoomForAll(width)
    ? ['rank', 'params', 'coverage', 'energy%', 'gain×', 'null band', 'ceiling', 'signal']
    : ['rank', 'params', 'coverage', 'gain×', 'null band', 'ceiling'];
  if (hasNatural) head.push('ν');
  const table = makeTable(head, [], paint, 1);
  for (const basis of basesOf(record)) {
    const title = `${paint.bold(basis)}  ${paint.dim(cut(basisMeaning(record, basis), Math.max(0, width - basis.length - 3)))}`;
    table.push([{ content: title, colSpan: head.length, hAlign: 'left' }]);
    for (const point of familyOf(record.global, basis, family)?.points ?? []) {
      const natural = hasNatural ? [naturalCell(record, basis, point.rank)] : [];
      table.push([...pointCells(family, point, paint, width), ...natural]);
    }
  }
  const title = paint.bold(`${capital(family)} adapters, all measured layers together`);
  return `${title}\n${printTable(table)}`;
}

/** For energy, which is about the square of coverage, and signal coverage; both are in the record and on the page. */
const hasRoomForAll = (width: number) => width >= WIDTH;

function pointCells(family: Family, point: RankPoint, paint: Paint, width: number): string[] {
  const all = hasRoomForAll(width);
  const signal = point.signalCoverage === null ? '–' : formatShareOrBound(point.signalCoverage);
  return [
    String(point.rank),
    parameterText(family, point, formatCompact),
    formatShareWithSpread(point.coverage),
    ...(all ? [formatPercent(point.energy.mean)] : []),
    paintGain(point, paint),
    formatShareBand(point.null.low, point.null.high),
    point.ceiling === null ? '–' : formatShare(point.ceiling),
    ...(all ? [signal] : []),
  ];
}

/** Coloured only where there is an interval and it lies outside the band of random frames. */
function paintGain({ coverage, gain, null: band }: RankPoint, paint: Paint): string {
  const text = formatNumber(gain.mean);
  if (coverage.low === coverage.high) return text;
  if (coverage.low > band.high) return paint.good(text);
  return coverage.high < band.low ? paint.poor(text) : text;
}

function naturalCell(record: ProbeRecord, basis: string, rank: number): string {
  const natural = naturalOf(record.global, basis);
  const at = (curve: readonly number[] | undefined) => naturalAt(curve ?? [], rank);
  const [mean, low, high] = [at(natural?.heldOut), at(natural?.heldOutLow), at(natural?.heldOutHigh)];
  if (mean === undefined || low === undefined || high === undefined) return '–';
  return formatNumberWithSpread({ mean, low, high });
}

function otherFamilies(record: ProbeRecord, rank: number, paint: Paint, width: number): string[] {
  const families = familiesOf(record).slice(1);
  if (families.length === 0) return [];
  return chunks(basesOf(record), basesPerTable(width)).map((bases) => {
    const table = makeTable(['family', 'params', 'null', ...bases.map(basisHead)], ['family'], paint, 2);
    for (const family of families) {
      const points = bases.map((basis) => pointOf(record.global, basis, family, rank));
      const any = points.find((point) => point !== undefined);
      if (any === undefined) continue;
      const cells = points.map((p) =>
        p ? `${formatShare(p.coverage.mean)} (${formatNumber(p.gain.mean)}×)` : '–',
      );
      table.push([
        family,
        parameterText(family, any, formatCompact),
        formatShare(any.null.coverage),
        ...cells,
      ]);
    }
    return `${paint.bold(`Other families at rank ${rank}: coverage (gain)`)}\n${printTable(table)}`;
  });
}

function layers(record: ProbeRecord, family: Family, rank: number, paint: Paint, width: number): string[] {
  const chosen = widestLayers(record, family, rank, LAYERS_SHOWN);
  if (chosen.length === 0) return [];
  const bases = basesOf(record).slice(0, basesPerTable(width));
  const table = makeTable(['layer', 'in×out', '‖G‖² %', ...bases.map(basisHead)], ['layer'], paint, 2);
  for (const layer of chosen) {
    const gains = bases.map((basis) => pointOf(layer, basis, family, rank)?.gain.mean);
    table.push([
      cutLeft(layer.name, width < WIDTH ? 26 : 36),
      `${layer.inFeatures}×${layer.outFeatures}`,
      formatPercent(layer.energyShare),
      ...gains.map((gain) => (gain === undefined ? '–' : `${formatNumber(gain)}×`)),
    ]);
  }
  const title = `Layers by the widest spread between bases: mean gain at rank ${rank}`;
  return [`${paint.bold(title)}\n${printTable(table)}`];
}

function legend(record: ProbeRecord, family: Family, paint: Paint, width: number): string {
  const nu = record.global.bases.some((b) => b.natural !== null)
    ? ' ν: natural coverage, held out, ± half its 95\u00a0% interval.'
    : '';
  const signal = hasRoomForAll(width)
    ? ' signal: coverage of the expected gradient; below a bound where its interval reaches 0.'
    : ` A terminal of ${WIDTH} columns shows energy and signal coverage too.`;
  const text =
    `coverage: ‖PG‖/‖G‖ ± half its 95\u00a0% interval. gain: energy over that of random frames. null band: 95\u00a0% of ` +
    `random frames. ceiling: the most that any ${family} frames could reach.${signal}${nu}`;
  const dead = deadLayers(record);
  const told =
    dead.length === 0
      ? []
      : [
          `${dead.length} of ${record.layers.length} layers are dead, without any gradient on these batches: ${someOf(dead.map(({ name }) => name))}.`,
        ];
  const notes = [...told, ...record.notes].flatMap((note) => wrap(`note: ${note}`, width));
  return [...wrap(text, width).map(paint.dim), ...notes].join('\n');
}

const cutLeft = (text: string, width: number) => (text.length > width ? `…${text.slice(1 - width)}` : text);
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
