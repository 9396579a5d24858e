/** The record as text for a terminal: tables within its columns, words within 100. */
import { someOf } from '../errors/index.ts';
import { describeCompute, type Family, namedBasis, type ProbeRecord } from '../record/index.ts';
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
  type Column,
  cut,
  type FittedTable,
  fitInParts,
  fitTable,
  makePaint,
  type Paint,
  type Row,
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
  type Measured,
  naturalPoint,
  parameterText,
  pointOf,
  widestLayers,
} from './view.ts';

const LAYERS_SHOWN = 3;

/** What every part of the report is made from. */
interface View {
  readonly record: ProbeRecord;
  readonly family: Family;
  /** The rank that tables of one rank are of. */
  readonly rank: number;
  readonly bases: readonly string[];
  readonly paint: Paint;
  readonly width: number;
}

/**
 * The whole table: what was run, one row per basis and rank, other families, types of modules, layers, notes.
 *
 * @example
 * ```ts
 * console.log(renderProbeTable(readProbeRecord('runs/first'), { color: true, columns: 100 }));
 * ```
 */
export function renderProbeTable(
  given: ProbeRecord,
  { color = false, columns }: TerminalOptions = {},
): string {
  const width = widthOf(columns);
  const record = printable(given);
  const paint = makePaint(color);
  const family = familiesOf(record)[0];
  const rank = headlineRank(record);
  const sections = [header(record, paint, Math.min(width, WIDTH))];
  if (family === undefined || rank === null) sections.push('Nothing was measured.');
  else {
    const view = { record, family, rank, bases: basesOf(record), paint, width };
    const main = basisTable(view);
    sections.push(main.text, ...otherFamilies(view), ...moduleTypes(view), ...layers(view));
    sections.push(legend(view, main.without));
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
      `${cut(model.name, width - 7)} (${model.architecture}, ${formatCompact(model.parameters)} parameters, ${model.format})`,
    ],
    [
      'data',
      `${cut(data.path, width - 8)}: ${measured.batches} batches of ${settings.batchSize}×${settings.seqLen} tokens, ` +
        `${settings.calibrationBatches} more for calibration`,
    ],
    ['loss', `${loss} nats per token`],
    ['run', `${describeCompute(settings)}, seed ${settings.seed}, ${formatSeconds(measured.seconds)}`],
  ];
  const lines = rows.flatMap(([name, text]) =>
    wrap(text!, width - 7).map((line, i) => `${paint.dim((i === 0 ? name! : '').padEnd(6))} ${line}`),
  );
  if (record.status === 'partial')
    lines.push(paint.poor('partial: the run was stopped; this is what was measured until then'));
  return [...lines, '', ...wrap(summarize(record), width).map(paint.bold)].join('\n');
}

const hasNatural = ({ global }: ProbeRecord): boolean => global.bases.some((b) => b.natural !== null);

/** The least that a rank is judged by stays in the narrowest terminal; all of it is in the record and on the page. */
const BASIS_COLUMNS = [
  { head: 'rank' },
  { head: 'params', spare: 2 },
  { head: 'coverage' },
  { head: 'energy%', spare: 4 },
  { head: 'gain×' },
  { head: 'null band', spare: 1 },
  { head: 'ceiling', spare: 0 },
  { head: 'signal', spare: 3 },
] as const satisfies Column[];

function basisTable(view: View): FittedTable {
  const { record, family, bases, paint, width } = view;
  const natural = hasNatural(record);
  const rows = bases.flatMap((basis): Row[] => [
    {
      title: `${paint.bold(basis)}  ${paint.dim(cut(basisMeaning(record, basis), Math.max(0, width - basis.length - 3)))}`,
    },
    ...(familyOf(record.global, basis, family)?.points ?? []).map((point) => [
      String(point.rank),
      parameterText(family, point, formatCompact),
      formatShareWithSpread(point.coverage),
      formatPercent(point.energy.mean),
      paintGain(view, basis, point.rank),
      formatShareBand(point.null.low, point.null.high),
      point.ceiling === null ? '–' : formatShare(point.ceiling),
      point.signalCoverage === null ? '–' : formatShareOrBound(point.signalCoverage),
      ...(natural ? [naturalCell(record.global, basis, point.rank)] : []),
    ]),
  ]);
  const columns = natural ? [...BASIS_COLUMNS, { head: 'ν' }] : BASIS_COLUMNS;
  const table = fitTable(columns, rows, { paint, gap: 1, width });
  const title = paint.bold(`${capital(family)} adapters, all measured layers together`);
  return { ...table, text: `${title}\n${table.text}` };
}

/** Coloured only where there is an interval and it lies outside the band of random frames. */
function paintGain({ record, family, paint }: View, basis: string, rank: number): string {
  const { coverage, gain, null: band } = pointOf(record.global, basis, family, rank)!;
  const text = formatNumber(gain.mean);
  if (coverage.low === coverage.high) return text;
  if (coverage.low > band.high) return paint.good(text);
  return coverage.high < band.low ? paint.poor(text) : text;
}

function naturalCell(measured: Measured, basis: string, rank: number): string {
  const natural = naturalPoint(measured, basis, rank);
  return natural === undefined ? '–' : formatNumberWithSpread(natural);
}

/** `0.227 (29.7×)`, coverage and gain. */
function coverageCell(measured: Measured, basis: string, family: Family, rank: number): string {
  const point = pointOf(measured, basis, family, rank);
  return point ? `${formatShare(point.coverage.mean)} (${formatNumber(point.gain.mean)}×)` : '–';
}

/** A table with a column a basis, or several where they do not fit side by side. */
function byBasis(
  { bases, paint, width }: View,
  title: string,
  columns: readonly Column[],
  rowsOf: (bases: readonly string[]) => readonly Row[],
): string[] {
  const tables = fitInParts(bases, (part) =>
    fitTable([...columns, ...part.map((name) => ({ head: basisHead(name) }))], rowsOf(part), {
      paint,
      gap: 2,
      width,
    }),
  );
  return tables.map(({ text }) => `${wrap(title, width).map(paint.bold).join('\n')}\n${text}`);
}

/** Frames from files have longer names than bases. */
const basisHead = (name: string) => (namedBasis(name) === null ? cut(name, 11) : name);

function otherFamilies(view: View): string[] {
  const { record, rank } = view;
  const families = familiesOf(record).slice(1);
  if (families.length === 0) return [];
  const columns: Column[] = [
    { head: 'family', words: 'whole' },
    { head: 'params', spare: 1 },
    { head: 'null', spare: 0 },
  ];
  return byBasis(view, `Other families at rank ${rank}: coverage (gain)`, columns, (bases) =>
    families.flatMap((family) => {
      const any = bases.map((basis) => pointOf(record.global, basis, family, rank)).find((point) => point);
      if (any === undefined) return [];
      const cells = bases.map((basis) => coverageCell(record.global, basis, family, rank));
      return [[family, parameterText(family, any, formatCompact), formatShare(any.null.coverage), ...cells]];
    }),
  );
}

/** Coverage and gain of the queries, of the keys, and so on; and ν in a table of its own. */
function moduleTypes(view: View): string[] {
  const { record, family, rank } = view;
  const { moduleTypes: types } = record;
  if (types.length < 2) return [];
  const columns: Column[] = [
    { head: 'module', words: 'whole' },
    { head: 'does', words: 'whole', spare: 2 },
    { head: 'layers', spare: 1 },
    { head: '‖G‖² %' },
  ];
  const table = (title: string, cell: (type: Measured, basis: string) => string) =>
    byBasis(view, title, columns, (bases) =>
      types.map((type) => [
        type.name,
        type.role,
        String(type.layers),
        formatPercent(type.energyShare),
        ...bases.map((basis) => cell(type, basis)),
      ]),
    );
  return [
    ...table(`By type of module, ${family} adapters at rank ${rank}: coverage (gain)`, (type, basis) =>
      coverageCell(type, basis, family, rank),
    ),
    ...(hasNatural(record)
      ? table(`By type of module at rank ${rank}: ν, held out`, (type, basis) =>
          naturalCell(type, basis, rank),
        )
      : []),
  ];
}

function layers(view: View): string[] {
  const { record, family, rank } = view;
  const chosen = widestLayers(record, family, rank, LAYERS_SHOWN);
  if (chosen.length === 0) return [];
  const columns: Column[] = [
    { head: 'layer', words: 'cut-left', least: 26 },
    { head: 'in×out', spare: 1 },
    { head: '‖G‖² %', spare: 0 },
  ];
  const title = `Layers by the widest spread between bases: mean gain at rank ${rank}`;
  return byBasis(view, title, columns, (bases) =>
    chosen.map((layer) => [
      layer.name,
      `${layer.inFeatures}×${layer.outFeatures}`,
      formatPercent(layer.energyShare),
      ...bases.map((basis) => {
        const gain = pointOf(layer, basis, family, rank)?.gain.mean;
        return gain === undefined ? '–' : `${formatNumber(gain)}×`;
      }),
    ]),
  );
}

const COLUMN_MEANINGS: Readonly<Record<string, string>> = {
  gain: 'energy over that of random frames',
  'null band': '95\u00a0% of random frames',
  signal: 'coverage of the expected gradient; below a bound where its interval reaches 0',
  ν: 'natural coverage, held out, ± half its 95\u00a0% interval',
};

function legend({ record, family, paint, width }: View, without: readonly string[]): string {
  const within = Math.min(width, WIDTH);
  const meanings = {
    coverage: '‖PG‖/‖G‖ ± half its 95\u00a0% interval',
    ...COLUMN_MEANINGS,
    ceiling: `the most that any ${family} frames could reach`,
  };
  const shown = Object.entries(meanings).filter(
    ([head]) => !without.includes(head) && (head !== 'ν' || hasNatural(record)),
  );
  const text =
    shown.map(([head, meaning]) => `${head}: ${meaning}.`).join(' ') +
    (without.length === 0 ? '' : ` A wider terminal shows more, such as ${without.join(', ')}.`);
  const dead = deadLayers(record);
  const told =
    dead.length === 0
      ? []
      : [
          `${dead.length} of ${record.layers.length} layers are dead, without any gradient on these batches: ${someOf(dead.map(({ name }) => name))}.`,
        ];
  const notes = [...told, ...record.notes].flatMap((note) => wrap(`note: ${note}`, within));
  return [...wrap(text, within).map(paint.dim), ...notes].join('\n');
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
