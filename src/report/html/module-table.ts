/** Coverage, gain and ν of every type of module: what people choose target modules by. */
import type { Family, ModuleTypeResult, ProbeRecord } from '../../record/index.ts';
import { formatNumber, formatNumberWithSpread, formatPercent, formatShare } from '../format.ts';
import { basesOf, naturalPoint, pointOf } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { basisMark } from './palette.ts';

export function moduleTable(record: ProbeRecord, family: Family, rank: number): Markup {
  const bases = basesOf(record);
  const cells = ['coverage', 'gain ×', 'ν'];
  const groups = element(
    'tr',
    {},
    element('th', { colspan: '4', scope: 'colgroup' }, 'module'),
    ...bases.map((basis) =>
      element(
        'th',
        {
          colspan: String(cells.length),
          scope: 'colgroup',
          class: `${basisMark(record, basis).class} basis`,
        },
        basis,
      ),
    ),
  );
  const names = ['name', 'does', 'layers', 'energy %', ...bases.flatMap(() => cells)];
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Types of modules' },
    element(
      'table',
      {},
      element('caption', {}, `Types of modules, ${family} adapters at rank ${rank}`),
      element(
        'thead',
        {},
        groups,
        element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name))),
      ),
      element('tbody', {}, ...record.moduleTypes.map((type) => typeRow(type, bases, family, rank))),
    ),
  );
}

function typeRow(type: ModuleTypeResult, bases: readonly string[], family: Family, rank: number): Markup {
  const measured = bases.flatMap((basis) => {
    const point = pointOf(type, basis, family, rank);
    const natural = naturalPoint(type, basis, rank);
    return [
      point === undefined ? '–' : formatShare(point.coverage.mean),
      point === undefined ? '–' : formatNumber(point.gain.mean),
      natural === undefined ? '–' : formatNumberWithSpread(natural),
    ];
  });
  const cells = [type.role, String(type.layers), formatPercent(type.energyShare), ...measured];
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, type.name),
    ...cells.map((cell) => element('td', {}, cell)),
  );
}
