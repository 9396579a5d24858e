/** What the rules of families say of one layer's adapter. */
import type { Value } from '../graph/index.ts';
import type { Matrix, MatrixProduct } from '../numeric/index.ts';
import type { AdapterFamily } from '../record/index.ts';
import type { LayerAdapter } from './adapter.ts';
import { FAMILY_RULES, type ProductParts, type TangentSpace } from './families.ts';
import { toMatrix } from './small-products.ts';

/** Shapes of the trained parts of a layer adapter. */
export function trainedShapes(
  family: AdapterFamily,
  { inFeatures, outFeatures }: { readonly inFeatures: number; readonly outFeatures: number },
  rank: number,
): Readonly<Record<string, readonly number[]>> {
  return FAMILY_RULES[family].trained({ m: inFeatures, n: outFeatures, rank });
}

/** Shapes of the frozen sides of a family on a layer. */
export function frozenShapes(
  family: AdapterFamily,
  { inFeatures, outFeatures }: { readonly inFeatures: number; readonly outFeatures: number },
  rank: number,
): Readonly<Record<string, readonly number[]>> {
  const rows = { u: inFeatures, v: outFeatures };
  return Object.fromEntries(FAMILY_RULES[family].frozen.map((side) => [side, [rows[side], rank]]));
}

/**
 * ΔW [m, n] of a layer as left [m, r] · right [r, n], the scale folded into the right one; float64.
 *
 * @example
 * ```ts
 * const { left, right } = adapterFactors(adapter.layers[0]!);
 * console.log(left.rows, left.cols, right.cols);
 * ```
 */
export function adapterFactors(adapter: LayerAdapter): { left: Matrix; right: Matrix } {
  const { family, scale } = adapter;
  const { left, right } = FAMILY_RULES[family].factors(matrixOf(adapter));
  return { left, right: { ...right, data: right.data.map((value) => value * scale) } };
}

/** What a family's rule reads of a layer adapter, with its tensors as values of a graph. */
export function adapterProduct(
  adapter: LayerAdapter,
  x: Value,
  value: (part: string) => Value,
  hidden: ProductParts['hidden'] = (h) => h,
): Value {
  const { family, scale } = adapter;
  const parts = { u: () => value('u'), v: () => value('v'), trained: value, scale, hidden };
  return FAMILY_RULES[family].product(x, parts);
}

/**
 * The singular values of ΔW that are not zero of necessity, up to order and within 1e-7 of the largest: those of
 * the trained part alone where it stands between frozen frames, whose columns are orthonormal.
 */
export async function updateSpectrum(adapter: LayerAdapter, product: MatrixProduct): Promise<Float64Array> {
  const values = await FAMILY_RULES[adapter.family].spectrum(matrixOf(adapter), product);
  return values.map((value) => value * adapter.scale);
}

/** Whether a family's update has narrow factors, and a rank of its own. */
export const isLowRank = (family: AdapterFamily): boolean => FAMILY_RULES[family].lowRank;

/** The moves of W that the adapter's parameters can make at once, as they stand. */
export const tangentSpace = (adapter: LayerAdapter): Promise<TangentSpace> =>
  FAMILY_RULES[adapter.family].tangent(matrixOf(adapter));

const matrixOf =
  ({ frozen, trained }: LayerAdapter) =>
  (part: string): Matrix =>
    toMatrix({ ...frozen, ...trained }[part]!);
