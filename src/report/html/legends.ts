/** Legends of the line figures, as lists that wrap on narrow screens. */
import type { ProbeRecord } from '../../record/index.ts';
import { basesOf } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { groupByKind } from './module-name.ts';
import { basisMark, SERIES_COUNT } from './palette.ts';
import { legendItem, legendStroke, marker } from './plot.ts';

export type Reference = readonly [kind: 'null band' | 'null line' | 'ceiling', text: string];

/** One entry per basis with its colour and shape, then the lines that belong to no basis. */
export function basisLegend(record: ProbeRecord, references: readonly Reference[]): Markup {
  const bases = basesOf(record).map((basis) => {
    const mark = basisMark(record, basis);
    return legendItem(
      basis,
      element('g', { class: mark.class }, legendStroke('line'), marker(mark.shape, [15, 6], basis)),
    );
  });
  const others = references.map(([kind, text]) => {
    if (kind === 'ceiling') return legendItem(text, legendStroke('line ceiling'));
    const band = element('rect', { class: 'band', x: 0, y: 1, width: 30, height: 10 });
    return legendItem(text, ...(kind === 'null band' ? [band] : []), legendStroke('line null'));
  });
  return element('ul', { class: 'legend' }, ...bases, ...others);
}

export function spectrumLegend(record: ProbeRecord): Markup {
  const kinds = [...groupByKind(record.layers.filter((layer) => layer.spectrum.length > 0)).keys()];
  const items = kinds.map((kind, i) =>
    legendItem(kind, element('g', { class: `s-${i % SERIES_COUNT}` }, legendStroke('line'))),
  );
  return element('ul', { class: 'legend' }, ...items);
}
