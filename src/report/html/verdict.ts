/** A verdict as a sign, a colour and a word: any one of the three tells it. */
import type { Verdict } from '../../record/index.ts';
import { VERDICT_SIGN } from '../reproduction-view.ts';
import { element, type Markup } from './markup.ts';

export function verdictMark(verdict: Verdict): Markup {
  const sign = element('span', { 'aria-hidden': 'true' }, VERDICT_SIGN[verdict]);
  return element('span', { class: `verdict v-${verdict}` }, sign, ' ', verdict);
}
