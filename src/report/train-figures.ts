/** Curves of a training run over its steps. */
import type { TrainMetrics } from '../record/index.ts';
import { formatNumber } from './format.ts';
import { element, type Markup } from './html/markup.ts';
import { bottomAxis, leftAxis, linePath, marker, type Point, plotFrame, svgFigure } from './html/plot.ts';
import { linearScale, logScale } from './html/scale.ts';

export interface Curve {
  readonly name: string;
  readonly value: keyof TrainMetrics;
}

export interface CurveFigure {
  readonly id: string;
  readonly title: string;
  readonly label: string;
  readonly curves: readonly Curve[];
  /** Logarithmic upwards; linear otherwise. */
  readonly log?: boolean;
}

/** Measurements that are few get markers; a line of every step has none. */
const MARKED = 60;

/** A figure with its legend, wide and narrow; null when no row has any of its values. */
export function curveFigure(figure: CurveFigure, rows: readonly TrainMetrics[]): Markup | null {
  const curves = figure.curves.filter(({ value }) => rows.some((row) => row[value] !== undefined));
  if (curves.length === 0) return null;
  return element(
    'figure',
    {},
    element('div', { class: 'wide' }, drawing(figure, curves, rows, 900)),
    element('div', { class: 'narrow' }, drawing({ ...figure, id: `${figure.id}-narrow` }, curves, rows, 380)),
    element('ul', { class: 'legend' }, ...curves.map((curve, index) => legendEntry(curve, index))),
  );
}

function drawing(
  { id, title, label, log = false }: CurveFigure,
  curves: readonly Curve[],
  rows: readonly TrainMetrics[],
  width: number,
): Markup {
  const frame = plotFrame(width);
  const steps = rows.map(({ step }) => step);
  const x = linearScale([Math.min(...steps), Math.max(...steps)], [frame.left, frame.right], width / 110);
  const series = curves.map(({ value }) =>
    rows.flatMap((row): Point[] => (row[value] === undefined ? [] : [[row.step, row[value]]])),
  );
  const values = series.flat().map(([, y]) => y);
  const range = [frame.bottom, frame.top] as const;
  const low = Math.min(...values);
  const high = Math.max(...values);
  // Within a decade a logarithmic axis may have no round number to stand on.
  const useLog = log && low > 0 && high >= 10 * low;
  const pad = useLog ? 0 : (high - low) * 0.04;
  const y = useLog ? logScale([low, high], range) : linearScale([low - pad, high + pad], range, 6);
  const ends = series.map(
    (points, index) => `${curves[index]!.name} ends at ${formatNumber(points.at(-1)![1])}`,
  );
  return svgFigure(
    { id, title, description: `${ends.join('; ')}.` },
    frame,
    bottomAxis(x, frame, 'step'),
    leftAxis(y, frame, label),
    ...series.map((points, index) => {
      const placed = points.map(([step, value]): Point => [x.at(step), y.at(value)]);
      const marks =
        points.length > MARKED
          ? []
          : points.map(([step, value], i) =>
              marker(index, placed[i]!, `${curves[index]!.name}, step ${step}: ${formatNumber(value)}`),
            );
      return element(
        'g',
        { class: `s-${index}` },
        element('path', { class: 'line', d: linePath(placed) }),
        ...marks,
      );
    }),
  );
}

function legendEntry({ name }: Curve, index: number): Markup {
  const line = element('path', { class: 'line', d: 'M1 6H29' });
  const drawn = element('g', { class: `s-${index}` }, line, marker(index, [15, 6], name));
  return element('li', {}, element('svg', { viewBox: '0 0 30 12', 'aria-hidden': 'true' }, drawn), name);
}
