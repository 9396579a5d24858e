/** The sections of the page that show what was measured. */
import { type Family, isDrawn, type ProbeRecord } from '../../record/index.ts';
import { basisMeaning, FAMILY_MEANING } from '../labels.ts';
import { basesOf, familiesOf, familyOf, ranksOf } from '../view.ts';
import { coverageFigure } from './coverage-figure.ts';
import { gainLegend, heatMap } from './heat-map.ts';
import { layerTable } from './layer-table.ts';
import { basisLegend, type Reference, spectrumLegend } from './legends.ts';
import { element, type Markup } from './markup.ts';
import { moduleTable } from './module-table.ts';
import { naturalFigure } from './natural-figure.ts';
import { section } from './page.ts';
import { bothWidths } from './plot.ts';
import { pointTable } from './point-table.ts';
import { spectrumFigure } from './spectrum-figure.ts';

/** Every section that the record has data for, in the order of reading. */
export function figureSections(record: ProbeRecord, family: Family, rank: number): Markup[] {
  return [
    coverageSection(record),
    moduleSection(record, family, rank),
    heatMapSection(record, family),
    naturalSection(record),
    spectrumSection(record),
    layerSection(record, family, rank),
  ].filter((part) => part !== null);
}

function coverageSection(record: ProbeRecord): Markup {
  const families = familiesOf(record);
  const panels = families.map((family, i) =>
    element(
      'div',
      { 'data-panel': family, hidden: i > 0 },
      bothWidths((width) => coverageFigure(`coverage-${family}-${width}`, record, family, width)),
      basisLegend(record, coverageReferences(record, family)),
      element('p', { class: 'explain' }, `${family}: ${FAMILY_MEANING[family]}.`),
      element('details', {}, element('summary', {}, 'The numbers'), pointTable(record, family)),
    ),
  );
  return section(
    'Coverage against rank',
    'The share of the gradient’s norm that an adapter on these frames can follow, all measured layers together. ' +
      'What lies on the grey band is no better than chance; what lies on the dotted line cannot be improved.',
    controls(select('coverage-family', 'Adapter family', families, 0)),
    ...panels,
    reading(record),
  );
}

function moduleSection(record: ProbeRecord, family: Family, rank: number): Markup | null {
  if (record.moduleTypes.length < 2) return null;
  return section(
    'By type of module',
    'The layers of one type taken together, as target modules are chosen: where the gradient is, and how much of it an ' +
      'adapter can follow there.',
    moduleTable(record, family, rank),
  );
}

function coverageReferences(record: ProbeRecord, family: Family): Reference[] {
  const points = record.global.bases.flatMap((b) => familyOf(record.global, b.basis, family)?.points ?? []);
  const band: Reference = ['null band', 'random frames, exact mean and 95 % band'];
  const known = points.some((point) => point.ceiling !== null);
  return known ? [band, ['ceiling', 'ceiling: the best frames of that rank']] : [band];
}

function heatMapSection(record: ProbeRecord, family: Family): Markup | null {
  const bases = basesOf(record);
  const families = familiesOf(record);
  if (record.layers.length === 0) return null;
  // Random frames have a gain of one everywhere: the first basis that is not random says more.
  const first = Math.max(
    0,
    bases.findIndex((basis) => !isDrawn(basis)),
  );
  return section(
    'Gain by layer and rank',
    'Energy reached over the energy that random frames reach. Blocks run downwards, ranks to the right.',
    controls(
      select('heat-basis', 'Basis', bases, first),
      select('heat-family', 'Adapter family', families, 0),
    ),
    gainLegend(),
    element('div', { class: 'heat' }, ...heatMap(record, bases[first]!, family)),
  );
}

function naturalSection(record: ProbeRecord): Markup | null {
  const figure = bothWidths((width) => naturalFigure(`natural-${width}`, record, width));
  if (figure === null) return null;
  return section(
    'Natural coverage against rank',
    'How much of the gradient the frames hold once directions are weighed by their second moments. Solid: held ' +
      'out, from batches that the frames have not seen. Dashed: in sample, mostly noise where it lies far above. ' +
      'Grey: the same two with tokens permuted, which leaves noise alone.',
    figure,
    basisLegend(record, [['null line', 'tokens permuted']]),
  );
}

function spectrumSection(record: ProbeRecord): Markup | null {
  const figure = bothWidths((width) => spectrumFigure(`spectrum-${width}`, record, width));
  if (figure === null) return null;
  return section(
    'Gradient spectra',
    'Singular values of each layer’s gradient over its norm. A steep line means that few directions hold most of it.',
    figure,
    spectrumLegend(record),
  );
}

function layerSection(record: ProbeRecord, family: Family, rank: number): Markup | null {
  if (record.layers.length === 0) return null;
  const ranks = ranksOf(record);
  return section(
    'Layers',
    null,
    controls(
      select('layers-family', 'Adapter family', familiesOf(record), 0),
      select('layers-rank', 'Rank', ranks.map(String), ranks.indexOf(rank)),
    ),
    layerTable(record, family, rank),
  );
}

function reading(record: ProbeRecord): Markup {
  const terms: [string, string][] = [
    [
      'coverage',
      '‖PG‖/‖G‖: P projects the gradient G on what the adapter can change. It equals the cosine between the two.',
    ],
    ['energy', 'coverage squared: the share of the gradient’s energy.'],
    ['gain', 'energy over the exact mean for random frames; 1 is no better than chance.'],
    ['ceiling', 'the largest coverage that any frames of that rank have on the same batches.'],
    ['signal', 'coverage of the expected gradient, estimated from pairs of independent batches.'],
    [
      'dead',
      'a layer without any gradient on these batches: there is nothing to reach, and coverage means nothing.',
    ],
    ...basesOf(record).map((basis): [string, string] => [basis, `${basisMeaning(record, basis)}.`]),
  ];
  const items = terms.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]);
  return element('details', {}, element('summary', {}, 'What the words mean'), element('dl', {}, ...items));
}

/** Hidden until the script, without which they do nothing, shows them. */
function controls(...items: readonly Markup[]): Markup {
  return element('div', { class: 'controls', hidden: true }, ...items);
}

function select(id: string, label: string, options: readonly string[], chosen: number): Markup {
  const list = options.map((text, i) => element('option', { selected: i === chosen }, text));
  return element('label', {}, label, element('select', { id, autocomplete: 'off' }, ...list));
}
