/** Coverage against rank for every basis, between the null band and the ceiling, both axes logarithmic. */
import type { Family, FamilyResult, ProbeRecord, RankPoint } from '../../record/index.ts';
import { formatNumber, formatShare, formatShareWithSpread } from '../format.ts';
import { basesOf, familyOf } from '../view.ts';
import { element, join, type Markup } from './markup.ts';
import { type BasisMark, basisMark } from './palette.ts';
import {
  acrossFrame,
  areaPath,
  bottomAxis,
  leftAxis,
  linePath,
  marker,
  type PlotFrame,
  type Point,
  plotFrame,
  svgFigure,
} from './plot.ts';
import { rankScale } from './rank-scale.ts';
import { logScale, logSpacedIndices, type Scale } from './scale.ts';

interface Series {
  readonly basis: string;
  readonly mark: BasisMark;
  readonly result: FamilyResult;
}

/** Null where no basis was measured with this family. */
export function coverageFigure(
  id: string,
  record: ProbeRecord,
  family: Family,
  width: number,
): Markup | null {
  const series = basesOf(record).flatMap((basis): Series[] => {
    const result = familyOf(record.global, basis, family);
    return result === undefined || result.points.length === 0
      ? []
      : [{ basis, mark: basisMark(record, basis), result }];
  });
  const points = series.flatMap(({ result }) => result.points);
  if (points.length === 0) return null;
  const frame = plotFrame(width);
  const x = rankScale(
    points.map((p) => p.rank),
    frame,
  );
  const lowest = Math.min(
    1,
    ...points.flatMap((p) => [p.null.low, p.coverage.low]).filter((value) => value > 0),
  );
  const y = logScale([Math.max(lowest * 0.8, 1e-6), 1], [frame.bottom, frame.top]);
  const reference = series[0]!.result.points;
  return svgFigure(
    { id, title: `Coverage against rank, ${family} adapters`, description: describe(series) },
    frame,
    bottomAxis(x, frame, 'rank K'),
    leftAxis(y, frame, 'coverage ‖PG‖ / ‖G‖'),
    nullBand(reference, x, y, frame),
    ceilingLine(reference, x, y, frame),
    ...series.map((one) => basisLine(one, x, y, frame)),
  );
}

function nullBand(points: readonly RankPoint[], x: Scale, y: Scale, frame: PlotFrame): Markup {
  const line = (pick: (point: RankPoint) => number) => {
    const drawn = points.map((p): Point => [x.at(p.rank), y.at(pick(p))]);
    return acrossFrame(drawn, frame);
  };
  return join([
    element('path', {
      class: 'band',
      d: areaPath(
        line((p) => p.null.high),
        line((p) => p.null.low),
      ),
    }),
    element('path', { class: 'line null', d: linePath(line((p) => p.null.coverage)) }),
  ]);
}

function ceilingLine(points: readonly RankPoint[], x: Scale, y: Scale, frame: PlotFrame): Markup {
  const known = points.filter((point) => point.ceiling !== null);
  const line = known.map((point): Point => [x.at(point.rank), y.at(point.ceiling!)]);
  return element('path', { class: 'line ceiling', d: linePath(acrossFrame(line, frame)) });
}

function basisLine({ basis, mark, result }: Series, x: Scale, y: Scale, frame: PlotFrame): Markup {
  const marks = result.points.map((point) => {
    const at: Point = [x.at(point.rank), y.at(point.coverage.mean)];
    const tooltip =
      `${basis}, rank ${point.rank}: coverage ${formatShareWithSpread(point.coverage)}, ` +
      `${formatNumber(point.gain.mean)}× the energy of random frames`;
    const interval: Point[] = [
      [at[0], y.at(point.coverage.low)],
      [at[0], y.at(point.coverage.high)],
    ];
    return join([
      element('path', { class: 'whisker', d: linePath(interval) }),
      marker(mark.shape, at, tooltip),
    ]);
  });
  const line = curvePoints(result, x, y, frame.width < 500 ? 40 : 80);
  return element('g', { class: mark.class }, element('path', { class: 'line', d: linePath(line) }), ...marks);
}

/** The curve between the first and the last point; the points alone where a record has no curve. */
function curvePoints(result: FamilyResult, x: Scale, y: Scale, count: number): Point[] {
  const ranks = result.points.map((point) => point.rank);
  const inside = logSpacedIndices(result.energyCurve.length, count)
    .map((i) => i + 1)
    .filter((rank) => rank > Math.min(...ranks) && rank < Math.max(...ranks) && !ranks.includes(rank))
    .map((rank) => ({ rank, coverage: Math.sqrt(Math.max(0, result.energyCurve[rank - 1]!)) }));
  const measured = result.points.map((point) => ({ rank: point.rank, coverage: point.coverage.mean }));
  return [...inside, ...measured]
    .sort((a, b) => a.rank - b.rank)
    .map((p) => [x.at(p.rank), y.at(p.coverage)]);
}

function describe(series: readonly Series[]): string {
  return series
    .map(({ basis, result }) => {
      const [first, last] = [result.points[0]!, result.points.at(-1)!];
      return `${basis}: ${formatShare(first.coverage.mean)} at rank ${first.rank}, ${formatShare(last.coverage.mean)} at rank ${last.rank}.`;
    })
    .join(' ');
}
