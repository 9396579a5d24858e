/** Legends of the line figures, as lists that wrap on narrow screens. */
import type { ProbeRecord } from '../../record/index.ts';
import { basesOf } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { groupByKind } from './module-name.ts';
import { basisShape, SERIES_COUNT } from './palette.ts';
import { marker } from './plot.ts';

export type Reference = readonly [kind: 'null band' | 'null line' | 'ceiling', text: string];

/** One entry per basis with its colour and shape, then the lines that belong to no basis. */
export function basisLegend(record: ProbeRecord, references: readonly Reference[]): Markup {
  const bases = basesOf(record).map((basis) =>
    entry(
      basis,
      element('g', { class: `b-${basis}` }, stroke('line'), marker(basisShape(basis), [15, 6], basis)),
    ),
  );
  const others = references.map(([kind, text]) => {
    if (kind === 'ceiling') return entry(text, stroke('line ceiling'));
    const band = element('rect', { class: 'band', x: 0, y: 1, width: 30, height: 10 });
    return entry(text, ...(kind === 'null band' ? [band] : []), stroke('line null'));
  });
  return element('ul', { class: 'legend' }, ...bases, ...others);
}

export function spectrumLegend(record: ProbeRecord): Markup {
  const kinds = [...groupByKind(record.layers.filter((layer) => layer.spectrum.length > 0)).keys()];
  const items = kinds.map((kind, i) =>
    entry(kind, element('g', { class: `s-${i % SERIES_COUNT}` }, stroke('line'))),
  );
  return element('ul', { class: 'legend' }, ...items);
}

function entry(text: string, ...drawing: readonly Markup[]): Markup {
  return element('li', {}, element('svg', { viewBox: '0 0 30 12', 'aria-hidden': 'true' }, ...drawing), text);
}

function stroke(className: string): Markup {
  return element('path', { class: className, d: 'M1 6H29' });
}
