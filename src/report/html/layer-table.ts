/** Every measured layer in a table that the script of the page can sort and fill for other ranks and families. */
import type { Family, LayerResult, ProbeRecord } from '../../record/index.ts';
import { formatNumber, formatPercent, formatShare } from '../format.ts';
import { basesOf, isDead, pointOf } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { basisMark } from './palette.ts';

/** A cell: what is read, and what is sorted by; nothing to sort by where nothing was measured. */
interface Cell {
  readonly text: string;
  readonly value: number | null;
}

const ABSENT: Cell = { text: '–', value: null };

export function layerTable(record: ProbeRecord, family: Family, rank: number): Markup {
  const bases = basesOf(record);
  const groups = element(
    'tr',
    {},
    element('th', { colspan: '2', scope: 'colgroup' }, 'layer'),
    element('th', { colspan: '4', scope: 'colgroup' }, 'gradient'),
    ...bases.map((basis) =>
      element(
        'th',
        { colspan: '2', scope: 'colgroup', class: `${basisMark(record, basis).class} basis` },
        basis,
      ),
    ),
  );
  const names = ['name', 'in×out', '‖G‖', 'energy %', 'entropic rank', 'stable rank'];
  const head = [...names, ...bases.flatMap(() => ['coverage', 'gain ×'])].map((name, i) =>
    element(
      'th',
      // Sorted as the model has them, which is what the first column sorts by.
      { scope: 'col', 'aria-sort': i === 0 ? 'ascending' : 'none' },
      element('button', { type: 'button' }, name),
    ),
  );
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Layers' },
    element(
      'table',
      { id: 'layers' },
      element(
        'caption',
        {},
        'Layers, coverage and gain with ',
        element('span', { id: 'layers-choice' }, `${family} adapters at rank ${rank}`),
        '. Choose a column heading to sort by it, again to turn the order round.',
      ),
      element('thead', {}, groups, element('tr', { id: 'layers-head' }, ...head)),
      element('tbody', {}, ...record.layers.map((layer, i) => layerRow(record, layer, i, family, rank))),
    ),
  );
}

function layerRow(
  record: ProbeRecord,
  layer: LayerResult,
  index: number,
  family: Family,
  rank: number,
): Markup {
  const { inFeatures, outFeatures, effectiveRank: er } = layer;
  const fixed: Cell[] = [
    { text: `${inFeatures}×${outFeatures}`, value: inFeatures * outFeatures },
    { text: isDead(layer) ? 'dead' : formatNumber(layer.gradientNorm.mean), value: layer.gradientNorm.mean },
    { text: formatPercent(layer.energyShare), value: layer.energyShare },
    er === null ? ABSENT : { text: formatNumber(er.entropic), value: er.entropic },
    er === null ? ABSENT : { text: formatNumber(er.stable), value: er.stable },
  ];
  const measured = basesOf(record).flatMap((basis): Cell[] => {
    const point = pointOf(layer, basis, family, rank);
    if (point === undefined || isDead(layer)) return [ABSENT, ABSENT];
    const [coverage, gain] = [point.coverage.mean, point.gain.mean];
    return [
      { text: formatShare(coverage), value: coverage },
      { text: formatNumber(gain), value: gain },
    ];
  });
  const name = element('th', { scope: 'row', 'data-v': String(index) }, layer.name);
  const cells = [...fixed, ...measured].map(({ text, value }) =>
    element('td', { 'data-v': value === null ? '' : String(Number(value.toPrecision(5))) }, text),
  );
  return element('tr', { 'data-layer': String(index) }, name, ...cells);
}
