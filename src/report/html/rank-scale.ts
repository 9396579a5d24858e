/** The axis of ranks, the same in every figure that has one. */
import type { PlotFrame } from './plot.ts';
import { logScale, type Scale } from './scale.ts';

/** Logarithmic over the given ranks, with a tick at each, or at every second one where they would touch. */
export function rankScale(ranks: readonly number[], frame: PlotFrame): Scale {
  const distinct = [...new Set(ranks)].sort((a, b) => a - b);
  const room = (frame.right - frame.left) / 34;
  const every = Math.max(1, Math.ceil(distinct.length / room));
  const ticks = distinct.filter((_, i) => (distinct.length - 1 - i) % every === 0);
  const inset = 10;
  return logScale([distinct[0]!, distinct.at(-1)!], [frame.left + inset, frame.right - inset], ticks);
}
