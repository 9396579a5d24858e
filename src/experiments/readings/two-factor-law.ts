/** Laws y = a + b·x₁ + c·x₂, fitted by least squares on some points and judged on others. */
import { fitLine, mean } from '../../numeric/index.ts';

export type Factors = readonly [number, number];

/** Below this share of independent spread the two factors say the same, and the first is fitted alone. */
const DEGENERATE = 1e-9;

/** y = intercept + slopes · x. */
export interface Plane {
  readonly intercept: number;
  readonly slopes: Factors;
}

export const heightAt = ({ intercept, slopes }: Plane, [first, second]: Factors): number =>
  intercept + slopes[0] * first + slopes[1] * second;

/** The least-squares plane through points; a line in the first factor where the two go together. */
export function fitPlane(x: readonly Factors[], y: readonly number[]): Plane {
  const centre = [mean(x.map(([first]) => first)), mean(x.map(([, second]) => second))] as const;
  const level = mean(y);
  const product = (a: 0 | 1, b: 0 | 1) =>
    x.reduce((sum, point) => sum + (point[a] - centre[a]) * (point[b] - centre[b]), 0);
  const onto = (a: 0 | 1) => x.reduce((sum, point, i) => sum + (point[a] - centre[a]) * (y[i]! - level), 0);
  const [s11, s12, s22] = [product(0, 0), product(0, 1), product(1, 1)];
  const determinant = s11 * s22 - s12 * s12;
  if (determinant <= DEGENERATE * s11 * s22) {
    const { slope, intercept } = fitLine(
      x.map(([first]) => first),
      y,
    );
    return { intercept, slopes: [slope, 0] };
  }
  const b = (s22 * onto(0) - s12 * onto(1)) / determinant;
  const c = (s11 * onto(1) - s12 * onto(0)) / determinant;
  return { intercept: level - b * centre[0] - c * centre[1], slopes: [b, c] };
}

/**
 * What the law foretells for every point when it is fitted to the half that the point is not in.
 *
 * @param half which half a point belongs to.
 */
export function foretold(x: readonly Factors[], y: readonly number[], half: readonly boolean[]): number[] {
  const law = (of: boolean) =>
    fitPlane(
      x.filter((_, i) => half[i] === of),
      y.filter((_, i) => half[i] === of),
    );
  const [fromTrue, fromFalse] = [law(true), law(false)];
  return x.map((point, i) => heightAt(half[i] ? fromFalse : fromTrue, point));
}
