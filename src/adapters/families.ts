/** One record per adapter family: what is frozen, what is trained, and how x moves y. */
import { matmul, mul, type Value } from '../graph/index.ts';
import { identity, type Matrix, matrix, transpose } from '../numeric/index.ts';
import type { AdapterFamily } from '../record/index.ts';
import type { LayerAdapter, Side } from './adapter.ts';

interface Shape {
  /** Inputs of the layer. */
  readonly m: number;
  /** Outputs of the layer. */
  readonly n: number;
  /** K */
  readonly rank: number;
}

/** What a family's product is made of, as values of a graph. */
export interface ProductParts {
  readonly u: () => Value;
  readonly v: () => Value;
  readonly trained: (part: string) => Value;
  readonly scale: number;
  /** Applied to the hidden values [tokens, K] between the two sides: dropout, or nothing. */
  readonly hidden: (value: Value) => Value;
}

interface FamilyRule {
  readonly frozen: readonly Side[];
  /** Shapes of the trained parts. */
  readonly trained: (shape: Shape) => Readonly<Record<string, readonly [number, number] | readonly [number]>>;
  /** x ΔW for x [tokens, m], factor by factor: ΔW is never formed, except by `full`, which is ΔW. */
  readonly product: (x: Value, parts: ProductParts) => Value;
  /** ΔW / scale as left [m, r] · right [r, n]. */
  readonly factors: (part: (name: string) => Matrix) => { left: Matrix; right: Matrix };
}

/** The update of each family is above its rule; `coverage.md` derives their tangent spaces. */
export const FAMILY_RULES: Readonly<Record<AdapterFamily, FamilyRule>> = {
  // U M Vᵀ
  core: {
    frozen: ['u', 'v'],
    trained: ({ rank }) => ({ m: [rank, rank] }),
    product: (x, { u, v, trained, scale, hidden }) =>
      matmul(matmul(hidden(matmul(x, u())), trained('m')), v(), { transposeB: true, alpha: scale }),
    factors: (part) => ({ left: part('u'), right: times(part('m'), transpose(part('v'))) }),
  },
  // U diag(s) Vᵀ
  diagonal: {
    frozen: ['u', 'v'],
    trained: ({ rank }) => ({ s: [rank] }),
    product: (x, { u, v, trained, scale, hidden }) =>
      matmul(mul(hidden(matmul(x, u())), trained('s')), v(), { transposeB: true, alpha: scale }),
    factors: (part) => ({ left: part('u'), right: scaledRows(transpose(part('v')), part('s').data) }),
  },
  // U A
  left: {
    frozen: ['u'],
    trained: ({ n, rank }) => ({ a: [rank, n] }),
    product: (x, { u, trained, scale, hidden }) =>
      matmul(hidden(matmul(x, u())), trained('a'), { alpha: scale }),
    factors: (part) => ({ left: part('u'), right: part('a') }),
  },
  // B Vᵀ
  right: {
    frozen: ['v'],
    trained: ({ m, rank }) => ({ b: [m, rank] }),
    product: (x, { v, trained, scale, hidden }) =>
      matmul(hidden(matmul(x, trained('b'))), v(), { transposeB: true, alpha: scale }),
    factors: (part) => ({ left: part('b'), right: transpose(part('v')) }),
  },
  // P Q
  factors: {
    frozen: [],
    trained: ({ m, n, rank }) => ({ p: [m, rank], q: [rank, n] }),
    product: (x, { trained, scale, hidden }) =>
      matmul(hidden(matmul(x, trained('p'))), trained('q'), { alpha: scale }),
    factors: (part) => ({ left: part('p'), right: part('q') }),
  },
  // D
  full: {
    frozen: [],
    trained: ({ m, n }) => ({ d: [m, n] }),
    product: (x, { trained, scale }) => matmul(x, trained('d'), { alpha: scale }),
    factors: (part) => {
      const d = part('d');
      return { left: d, right: identity(d.cols) };
    },
  },
};

/** Shapes of the trained parts of a layer adapter. */
export function trainedShapes(
  family: AdapterFamily,
  { inFeatures, outFeatures }: { readonly inFeatures: number; readonly outFeatures: number },
  rank: number,
): Readonly<Record<string, readonly number[]>> {
  return FAMILY_RULES[family].trained({ m: inFeatures, n: outFeatures, rank });
}

/** ΔW [m, n] of a layer as left [m, r] · right [r, n], the scale folded into the right one; float64. */
export function adapterFactors(adapter: LayerAdapter): { left: Matrix; right: Matrix } {
  const { family, frozen, trained, scale } = adapter;
  const part = (name: string): Matrix => {
    const { shape, data } = { ...frozen, ...trained }[name]!;
    return matrix(shape[0]!, shape[1] ?? 1, Float64Array.from(data as Float32Array));
  };
  const { left, right } = FAMILY_RULES[family].factors(part);
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

/** a · b in plain loops: the products here have a short inner side. */
export function times(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    const row = result.data.subarray(i * b.cols, (i + 1) * b.cols);
    for (let k = 0; k < a.cols; k++) {
      const weight = a.data[i * a.cols + k]!;
      if (weight === 0) continue;
      for (let j = 0; j < b.cols; j++) row[j]! += weight * b.data[k * b.cols + j]!;
    }
  }
  return result;
}

function scaledRows(a: Matrix, factors: Float64Array): Matrix {
  const data = a.data.map((value, index) => value * factors[Math.floor(index / a.cols)]!);
  return { ...a, data };
}
