/** Two laws of loss over coverage, a smooth one and one with a threshold, and how well each foretells a point. */
import { fitLine, mean } from '../../numeric/index.ts';

/** A curve fitted to points. */
type Curve = (x: number) => number;

/** A law with constants: it makes a curve of the points that it is fitted to. */
export type Law = (x: readonly number[], y: readonly number[]) => Curve;

/** Coverages at which the source puts its threshold. */
export const THRESHOLDS: readonly number[] = [0.05, 0.07, 0.1];

/** y = a + b · g(x), by least squares. */
const lineIn =
  (g: Curve): Law =>
  (x, y) => {
    const { slope, intercept } = fitLine(x.map(g), y);
    return (at) => intercept + slope * g(at);
  };

/** Of several curves with two constants each, the one with the least squares on the points that it was fitted to. */
const bestOf =
  (laws: readonly Law[]): Law =>
  (x, y) => {
    const curves = laws.map((law) => law(x, y));
    const errors = curves.map((curve) => mean(x.map((at, i) => (y[i]! - curve(at)) ** 2)));
    return curves[errors.indexOf(Math.min(...errors))]!;
  };

/** A straight line in coverage, or in its logarithm. */
export const smoothLaw: Law = bestOf([lineIn((x) => x), lineIn(Math.log)]);

/** Level below a threshold, and from there on a straight line in coverage or in its logarithm. */
export const hingeLaw: Law = bestOf(
  THRESHOLDS.flatMap((threshold) => [
    lineIn((x) => Math.max(0, x - threshold)),
    lineIn((x) => Math.max(0, Math.log(x / threshold))),
  ]),
);

/** Root of the mean squared error at each point of the law that is fitted to all others. */
export function leaveOneOutError(law: Law, x: readonly number[], y: readonly number[]): number {
  const squares = x.map((at, left) => {
    const others = (values: readonly number[]) => values.filter((_, index) => index !== left);
    return (law(others(x), others(y))(at) - y[left]!) ** 2;
  });
  return Math.sqrt(mean(squares));
}
