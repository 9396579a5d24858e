/** Natural coverage ν against rank: held out, in sample, and the same with tokens permuted. */
import type { NaturalResult, ProbeRecord } from '../../record/index.ts';
import { formatNumber } from '../format.ts';
import { basesOf, naturalAt, naturalOf, ranksOf } from '../view.ts';
import { element, type Markup } from './markup.ts';
import { type BasisMark, basisMark } from './palette.ts';
import {
  acrossFrame,
  areaPath,
  bottomAxis,
  leftAxis,
  linePath,
  marker,
  type Point,
  plotFrame,
  svgFigure,
} from './plot.ts';
import { rankScale } from './rank-scale.ts';
import { linearScale, logSpacedIndices } from './scale.ts';

interface Series {
  readonly basis: string;
  readonly mark: BasisMark;
  readonly natural: NaturalResult;
}

/** Null where ν was not measured. */
export function naturalFigure(id: string, record: ProbeRecord, width: number): Markup | null {
  const series = basesOf(record).flatMap((basis): Series[] => {
    const natural = naturalOf(record.global, basis);
    return natural === null || natural.heldOut.length === 0
      ? []
      : [{ basis, mark: basisMark(record, basis), natural }];
  });
  const asked = ranksOf(record);
  if (series.length === 0 || asked.length === 0) return null;
  const frame = plotFrame(width);
  const x = rankScale(asked, frame);
  const [lowest, highest] = [asked[0]!, asked.at(-1)!];
  const longest = Math.max(...series.map(({ natural }) => natural.heldOut.length));
  const between = logSpacedIndices(longest, 60).map((i) => i + 1);
  const ranks = [...new Set([...asked, ...between])]
    .filter((k) => k >= lowest && k <= highest)
    .sort((a, b) => a - b);
  const values = series.flatMap(({ natural: n }) =>
    ranks.flatMap((rank) =>
      [n.inSample, n.heldOutLow, n.heldOutHigh, n.permutedHeldOut].map(
        (curve) => naturalAt(curve, rank) ?? 0,
      ),
    ),
  );
  const y = linearScale([Math.min(0, ...values), Math.max(...values, 1e-9)], [frame.bottom, frame.top], 6);
  const line = (curve: readonly number[]) =>
    ranks.flatMap((rank): Point[] => {
      const value = naturalAt(curve, rank);
      return value === undefined ? [] : [[x.at(rank), y.at(value)]];
    });
  const nulls = series.flatMap(({ natural }) => [
    element('path', {
      class: 'line null dashed',
      d: linePath(acrossFrame(line(natural.permutedInSample), frame)),
    }),
    element('path', { class: 'line null', d: linePath(acrossFrame(line(natural.permutedHeldOut), frame)) }),
  ]);
  const drawn = series.map(({ basis, mark, natural }) =>
    element(
      'g',
      { class: mark.class },
      element('path', {
        class: 'interval',
        d: areaPath(line(natural.heldOutHigh), line(natural.heldOutLow)),
      }),
      element('path', { class: 'line thin dashed', d: linePath(line(natural.inSample)) }),
      element('path', { class: 'line', d: linePath(line(natural.heldOut)) }),
      ...asked.map((rank) => {
        const value = naturalAt(natural.heldOut, rank) ?? 0;
        return marker(
          mark.shape,
          [x.at(rank), y.at(value)],
          `${basis}, rank ${rank}: ν = ${formatNumber(value)} held out`,
        );
      }),
    ),
  );
  const description = series
    .map(
      ({ basis, natural }) =>
        `${basis}: ${formatNumber(naturalAt(natural.heldOut, highest)!)} held out at rank ${highest}.`,
    )
    .join(' ');
  return svgFigure(
    { id, title: 'Natural coverage against rank', description },
    frame,
    bottomAxis(x, frame, 'rank K'),
    leftAxis(y, frame, 'natural coverage ν, summed over layers'),
    ...nulls,
    ...drawn,
  );
}
