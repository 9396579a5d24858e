/** A figure of named series over two axes: lines or points with intervals, null and ceiling as reference lines. */
import type { ExperimentFigure } from '../../record/index.ts';
import { formatNumber } from '../format.ts';
import { element, join, type Markup } from './markup.ts';
import { SERIES_COUNT } from './palette.ts';
import {
  acrossFrame,
  areaPath,
  bothWidths,
  bottomAxis,
  leftAxis,
  legendItem,
  legendStroke,
  linePath,
  marker,
  type PlotFrame,
  type Point,
  plotFrame,
  svgFigure,
} from './plot.ts';
import { rankScale } from './rank-scale.ts';
import { linearScale, logScale, type Scale } from './scale.ts';

type Series = ExperimentFigure['series'][number];
type SeriesPoint = Series['points'][number];

export interface SeriesFigure
  extends Pick<ExperimentFigure, 'title' | 'xLabel' | 'yLabel' | 'xScale' | 'yScale'> {
  /** Unique in the page. */
  readonly id: string;
  readonly series: readonly Series[];
}

/** A line of more points has a band for its interval, since whiskers would run together, and fewer markers. */
const DENSE = 24;
/** Markers on a dense line, to tell it by. */
const MARKERS = 10;
/** Whole numbers of a logarithmic axis are its ticks, as ranks are: at most so many, at least so far apart. */
const TICKS = 12;
const TICK_ROOM = 24;

interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly frame: PlotFrame;
}

/** The figure at both widths with its legend; null when there is no point to draw. */
export function seriesFigure(figure: SeriesFigure, ...below: readonly Markup[]): Markup | null {
  const shown = {
    ...figure,
    series: figure.series
      .map((series) => ({ ...series, points: drawable(series.points, figure) }))
      .filter(({ points }) => points.length > 0),
  };
  if (shown.series.length === 0) return null;
  return bothWidths((width) => drawing(shown, width), legend(shown.series), ...below);
}

/** Points that have a place on the axes, from left to right: a logarithmic axis has none for zero and below. */
function drawable(points: readonly SeriesPoint[], { xScale, yScale }: SeriesFigure): SeriesPoint[] {
  return points
    .filter(({ x, y }) => (xScale === 'linear' || x > 0) && (yScale === 'linear' || y > 0))
    .toSorted((a, b) => a.x - b.x);
}

function drawing(figure: SeriesFigure, width: number): Markup {
  const { series, title, xLabel, yLabel } = figure;
  const frame = plotFrame(width);
  const axes: Axes = { frame, x: horizontal(figure, frame), y: vertical(figure, frame) };
  const references = series.filter(isReference);
  const measured = series.filter((one) => !isReference(one));
  return svgFigure(
    { id: `${figure.id}-${width}`, title, description: describe(series) },
    frame,
    bottomAxis(axes.x, frame, xLabel),
    leftAxis(axes.y, frame, yLabel),
    ...references.map((one) => reference(one, axes)),
    ...measured.map((one, index) => drawnSeries(one, index, measured.length, axes)),
  );
}

function horizontal({ series, xScale }: SeriesFigure, frame: PlotFrame): Scale {
  const values = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))];
  if (xScale === 'log' && values.length <= TICKS && values.every(Number.isInteger)) {
    const scale = rankScale(values, frame);
    const places = scale.ticks.map(scale.at);
    if (places.every((place, i) => i === 0 || place - places[i - 1]! >= TICK_ROOM)) return scale;
  }
  const domain = [Math.min(...values), Math.max(...values)] as const;
  const range = [frame.left + 10, frame.right - 10] as const;
  return xScale === 'log' ? logScale(domain, range) : linearScale(domain, range, frame.width / 110);
}

function vertical({ series, yScale }: SeriesFigure, frame: PlotFrame): Scale {
  const range = [frame.bottom, frame.top] as const;
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]),
  );
  if (yScale === 'linear') {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const pad = (high - low) * 0.04;
    return linearScale([low - pad, high + pad], range, 6);
  }
  // An interval that reaches zero runs out of the picture; the points themselves are all in it.
  const means = series.flatMap(({ points }) => points.map(({ y }) => y));
  const positive = values.filter((value) => value >= Math.min(...means) / 10);
  const domain = [Math.min(...positive) / 1.08, Math.max(...positive) * 1.08] as const;
  const scale = logScale(domain, range);
  if (scale.ticks.length > 1) return scale;
  // Within less than a decade there may be no round power to stand on.
  const ticks = linearScale(domain, range, 5).ticks.filter((tick) => tick > domain[0] && tick < domain[1]);
  return logScale(domain, range, ticks);
}

function reference({ kind, points }: Series, { x, y, frame }: Axes): Markup {
  const line = (value: (point: SeriesPoint) => number) =>
    acrossFrame(
      points.map((point): Point => [x.at(point.x), y.at(value(point))]),
      frame,
    );
  const band = element('path', {
    class: 'band',
    d: areaPath(
      line((point) => point.high ?? point.y),
      line((point) => point.low ?? point.y),
    ),
  });
  const hasBand = points.some(({ low, high }) => low !== undefined || high !== undefined);
  return join([
    hasBand ? band : null,
    element('path', { class: `line ${kind}`, d: linePath(line((p) => p.y)) }),
  ]);
}

function drawnSeries({ name, kind, points }: Series, index: number, count: number, axes: Axes): Markup {
  const { x, y } = axes;
  const bars = hasBars(kind, points);
  // Side by side, so that intervals at one position do not cover each other.
  const shift = bars && kind === 'line' ? (index - (count - 1) / 2) * Math.min(4, 20 / count) : 0;
  const at = (point: SeriesPoint, value = point.y): Point => [x.at(point.x) + shift, y.at(value)];
  const parts: Markup[] = [];
  if (kind === 'line') {
    if (!bars && points.some(hasInterval)) {
      const upper = points.map((point) => at(point, point.high ?? point.y));
      const lower = points.map((point) => at(point, point.low ?? point.y));
      parts.push(element('path', { class: 'interval', d: areaPath(upper, lower) }));
    }
    parts.push(element('path', { class: lineClass(index), d: linePath(points.map((point) => at(point))) }));
  }
  // Dense lines take turns, so that their markers do not hide each other.
  const every = kind === 'line' && points.length > DENSE ? Math.ceil(points.length / MARKERS) : 1;
  for (const [i, point] of points.entries()) {
    if (bars && hasInterval(point)) {
      const ends = [at(point, point.low ?? point.y), at(point, point.high ?? point.y)];
      parts.push(element('path', { class: 'whisker', d: linePath(ends) }));
    }
    if ((i + index) % every === 0) parts.push(marker(index, at(point), `${name}, ${tooltip(point)}`));
  }
  return element('g', { class: `s-${index % SERIES_COUNT}` }, ...parts);
}

function hasBars(kind: Series['kind'], points: readonly SeriesPoint[]): boolean {
  return points.some(hasInterval) && (kind === 'points' || points.length <= DENSE);
}

/** How intervals are drawn, in a sentence; empty where there are none. */
export function intervalNote({ series }: Pick<SeriesFigure, 'series'>): string {
  const measured = series.filter((one) => !isReference(one) && one.points.some(hasInterval));
  const bars = measured.filter(({ kind, points }) => hasBars(kind, points));
  const apart = bars.filter(({ kind }) => kind === 'line').length > 1;
  const names = [bars.length > 0 ? 'Bars' : '', bars.length < measured.length ? 'Shades' : ''];
  const said = names.filter((name) => name !== '').join(' and ');
  if (said === '') return '';
  return `${said} are 95 % intervals${apart ? '; lines are drawn a little apart so that bars do not meet' : ''}.`;
}

/** Colours come round again after {@link SERIES_COUNT} series; the lines of the second round are dashed. */
function lineClass(index: number): string {
  return Math.floor(index / SERIES_COUNT) % 2 === 0 ? 'line' : 'line dashed';
}

function legend(series: readonly Series[]): Markup {
  const references = series.filter(isReference).map(({ name, kind, points }) => {
    const band = element('rect', { class: 'band', x: 0, y: 1, width: 30, height: 10 });
    return legendItem(name, points.some(hasInterval) ? band : null, legendStroke(`line ${kind}`));
  });
  const measured = series
    .filter((one) => !isReference(one))
    .map(({ name, kind }, index) => {
      const line = kind === 'line' ? legendStroke(lineClass(index)) : null;
      const group = element('g', { class: `s-${index % SERIES_COUNT}` }, line, marker(index, [15, 6], name));
      return legendItem(name, group);
    });
  return element('ul', { class: 'legend' }, ...measured, ...references);
}

/** Where every series ends, for those who cannot see the drawing. */
function describe(series: readonly Series[]): string {
  const ends = series.map(({ name, kind, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    const from =
      kind === 'points' || points.length < 2 ? '' : `${formatNumber(first.y)} at ${tick(first.x)} to `;
    return kind === 'points' && points.length > 1
      ? `${name}: ${points.length} points`
      : `${name}: ${from}${formatNumber(last.y)} at ${tick(last.x)}`;
  });
  return `${ends.join('; ')}.`;
}

function tooltip(point: SeriesPoint): string {
  const interval = hasInterval(point)
    ? ` [${formatNumber(point.low ?? point.y)}, ${formatNumber(point.high ?? point.y)}]`
    : '';
  return `${tick(point.x)}: ${formatNumber(point.y)}${interval}`;
}

const tick = (value: number) =>
  Number.isInteger(value) ? value.toLocaleString('en-US') : formatNumber(value);
const isReference = ({ kind }: Series) => kind === 'null' || kind === 'ceiling';
const hasInterval = ({ low, high }: SeriesPoint) => low !== undefined || high !== undefined;
