/** Gain of every layer at every rank, one panel per kind of layer, so that depth reads downwards. */
import type { Family, LayerResult, ProbeRecord } from '../../record/index.ts';
import { formatNumber } from '../format.ts';
import { isDead, pointOf, ranksOf } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { groupByKind, parseModuleName } from './module-name.ts';
import { GAIN_STEPS, gainStep } from './palette.ts';
import { svgFigure } from './plot.ts';

const LEFT = 34;
const TOP = 18;

/**
 * Panels for one basis and family. The script of the page repaints them for others: it finds a cell by its row's
 * `data-layer` (index in the record) and its place in the row (index of the rank).
 */
export function heatMap(record: ProbeRecord, basis: string, family: Family): Markup[] {
  const ranks = ranksOf(record);
  // Room for the rank above it; up to three digits and eight ranks, four panels stand side by side.
  const cellWidth = Math.max(...ranks) > 999 ? 28 : 22;
  const indices = new Map(record.layers.map((layer, i) => [layer, i]));
  return [...groupByKind(record.layers)].map(([kind, layers], panel) => {
    // Deep models get flatter rows, with a label at every fifth.
    const height = layers.length > 16 ? 9 : 18;
    const rows = layers.map((layer, row) =>
      element(
        'g',
        { class: 'row', 'data-layer': String(indices.get(layer)) },
        ...ranks.map((rank, column) => cell(layer, basis, family, rank, [column, row, cellWidth, height])),
      ),
    );
    const labels = layers.map((layer, row) => {
      const shown = height > 10 || row % 5 === 0;
      const y = TOP + row * height + height / 2 + 3.5;
      return shown ? rowLabel(parseModuleName(layer.name).position || '–', y) : null;
    });
    const columns = ranks.map((rank, column) => {
      const x = LEFT + (column + 0.5) * cellWidth;
      return element('text', { class: 'tick', x, y: TOP - 6, 'text-anchor': 'middle' }, rank);
    });
    const frame = { width: LEFT + ranks.length * cellWidth + 2, height: TOP + layers.length * height + 2 };
    const shape = `${layers[0]!.inFeatures}×${layers[0]!.outFeatures}`;
    const title = `Gain of ${kind} by block and rank`;
    const description = `${layers.length} layers downwards, ranks ${ranks.join(', ')} to the right. The layer table has the values.`;
    return element(
      'div',
      { class: 'heat-panel', style: `--w:${frame.width}px` },
      element('h3', {}, kind, ' ', element('span', { class: 'quiet' }, shape)),
      svgFigure({ id: `heat-${panel}`, title, description }, frame, ...columns, ...labels, ...rows),
    );
  });
}

function cell(
  layer: LayerResult,
  basis: string,
  family: Family,
  rank: number,
  [column, row, cellWidth, height]: readonly [number, number, number, number],
): Markup {
  const gain = isDead(layer) ? undefined : pointOf(layer, basis, family, rank)?.gain.mean;
  const box = {
    x: LEFT + column * cellWidth,
    y: TOP + row * height,
    width: cellWidth - 1,
    height: height - 1,
  };
  if (gain === undefined)
    return element('rect', { class: 'absent', ...box }, element('title', {}, 'not measured'));
  return element(
    'rect',
    { class: `g-${gainStep(gain)}`, ...box },
    element('title', {}, `${formatNumber(gain)}×`),
  );
}

function rowLabel(text: string, y: number): Markup {
  return element('text', { class: 'tick', x: LEFT - 7, y, 'text-anchor': 'end' }, text);
}

/** What the colours mean. */
export function gainLegend(): Markup {
  const names = GAIN_STEPS.map((step) => step.toLocaleString('en-US'));
  const label = (i: number) =>
    i === 0 ? `< ${names[0]}` : i === names.length ? `≥ ${names.at(-1)}` : `${names[i - 1]}–${names[i]}`;
  const items = Array.from({ length: GAIN_STEPS.length + 1 }, (_, i) =>
    element('li', {}, element('span', { class: `swatch g-${i}` }), label(i)),
  );
  return element(
    'ul',
    { class: 'legend gain-legend', 'aria-label': 'Gain, times the energy of random frames' },
    ...items,
  );
}
