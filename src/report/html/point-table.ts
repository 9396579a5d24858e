/** The numbers behind the coverage figure, for reading and copying. */
import type { Family, ProbeRecord, RankPoint } from '../../record/index.ts';
import {
  formatCount,
  formatNumber,
  formatNumberWithSpread,
  formatPercent,
  formatShare,
  formatShareBand,
  formatShareOrBound,
  formatShareWithSpread,
} from '../format.ts';
import { basesOf, familyOf, naturalAt, naturalOf } from '../view.ts';
import { element, type Markup } from './markup.ts';

const HEAD = [
  'basis',
  'rank',
  'parameters',
  'coverage',
  'energy %',
  'gain ×',
  'null band',
  'ceiling',
  'signal',
  'ν held out',
  'ν in sample',
];

export function pointTable(record: ProbeRecord, family: Family): Markup {
  const rows = basesOf(record).flatMap((basis) =>
    (familyOf(record.global, basis, family)?.points ?? []).map((point) => pointRow(record, basis, point)),
  );
  const head = HEAD.map((name) => element('th', { scope: 'col' }, name));
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Numbers for ${family} adapters` },
    element(
      'table',
      {},
      element('caption', {}, `All measured layers together, ${family} adapters; ± is half a 95 % interval`),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...rows),
    ),
  );
}

function pointRow(record: ProbeRecord, basis: string, point: RankPoint): Markup {
  const natural = naturalOf(record.global, basis);
  const at = (curve: readonly number[] | undefined) => naturalAt(curve ?? [], point.rank);
  const [mean, low, high] = [at(natural?.heldOut), at(natural?.heldOutLow), at(natural?.heldOutHigh)];
  const inSample = at(natural?.inSample);
  const heldOut =
    mean === undefined || low === undefined || high === undefined
      ? '–'
      : formatNumberWithSpread({ mean, low, high });
  const cells = [
    String(point.rank),
    formatCount(point.parameters),
    formatShareWithSpread(point.coverage),
    formatPercent(point.energy.mean),
    formatNumber(point.gain.mean),
    formatShareBand(point.null.low, point.null.high),
    point.ceiling === null ? '–' : formatShare(point.ceiling),
    point.signalCoverage === null ? '–' : formatShareOrBound(point.signalCoverage),
    heldOut,
    inSample === undefined ? '–' : formatNumber(inSample),
  ];
  const name = element('th', { scope: 'row' }, basis);
  return element('tr', {}, name, ...cells.map((text) => element('td', {}, text)));
}
