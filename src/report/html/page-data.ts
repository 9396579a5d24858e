/** The numbers that the script of the page needs to repaint the heat map and refill the layer table. */
import type { Family, ProbeRecord } from '../../record/index.ts';
import { basesOf, familiesOf, isDead, pointOf, ranksOf } from '../view.ts';
import { GAIN_STEPS } from './palette.ts';

export interface PageData {
  readonly families: readonly Family[];
  readonly bases: readonly string[];
  readonly ranks: readonly number[];
  readonly gainSteps: readonly number[];
  /** `[family][basis][layer][rank]`, by index in the lists above; null where not measured. */
  readonly coverage: readonly (readonly (readonly (readonly (number | null)[])[])[])[];
  readonly gain: PageData['coverage'];
}

export function pageData(record: ProbeRecord): PageData {
  const [families, bases, ranks] = [familiesOf(record), basesOf(record), ranksOf(record)];
  const collect = (key: 'coverage' | 'gain') =>
    families.map((family) =>
      bases.map((basis) =>
        record.layers.map((layer) =>
          ranks.map((rank) => {
            const value = isDead(layer) ? undefined : pointOf(layer, basis, family, rank)?.[key].mean;
            return value === undefined ? null : Number(value.toPrecision(5));
          }),
        ),
      ),
    );
  return {
    families,
    bases,
    ranks,
    gainSteps: GAIN_STEPS,
    coverage: collect('coverage'),
    gain: collect('gain'),
  };
}
