/** Curves of a training run over its steps. */
import type { TrainMetrics } from '../record/index.ts';
import type { Markup } from './html/markup.ts';
import { seriesFigure } from './html/series-figure.ts';

export interface Curve {
  readonly name: string;
  readonly value: keyof TrainMetrics;
}

export interface CurveFigure {
  readonly id: string;
  readonly title: string;
  readonly label: string;
  readonly curves: readonly Curve[];
  /** Logarithmic upwards where the values span a decade; linear otherwise. */
  readonly log?: boolean;
}

/** A figure with its legend, wide and narrow; null when no row has any of its values. */
export function curveFigure(
  { id, title, label, curves, log = false }: CurveFigure,
  rows: readonly TrainMetrics[],
): Markup | null {
  const series = curves.map(({ name, value }) => ({
    name,
    kind: 'line' as const,
    points: rows.flatMap((row) => (row[value] === undefined ? [] : [{ x: row.step, y: row[value] }])),
  }));
  const values = series.flatMap(({ points }) => points.map(({ y }) => y));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const yScale = log && low > 0 && high >= 10 * low ? 'log' : 'linear';
  return seriesFigure({ id, title, xLabel: 'step', yLabel: label, xScale: 'linear', yScale, series });
}
