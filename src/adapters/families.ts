/** One record per adapter family: what is frozen, what is trained, and how x moves y. */
import { matmul, mul, type Value } from '../graph/index.ts';
import {
  gramSingularValues,
  identity,
  type Matrix,
  type MatrixProduct,
  orthonormalize,
  type Tensor,
  transpose,
} from '../numeric/index.ts';
import { type AdapterFamily, type Family, isDrawn } from '../record/index.ts';
import type { Side } from './adapter.ts';
import { scaledRows, times } from './small-products.ts';

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

/** What the start of an adapter is made of. */
export interface StartParts {
  readonly m: number;
  readonly basis: string;
  /** Whether cores are to start with noise. */
  readonly noise: boolean;
  /** Columns of the adapter's frame. */
  readonly side: (name: Side) => Tensor;
  /** Independent normal numbers in the shape of a trained part. */
  readonly normal: (part: string, deviation: number) => Tensor;
}

/** The moves of W that an adapter can make at once. */
export interface TangentSpace {
  /** How it moves between its frames; null where every move can be made. */
  readonly family: Family | null;
  /** Orthonormal columns; a side that the moves are not bound to has none. */
  readonly u?: Matrix;
  readonly v?: Matrix;
}

type Part = (name: string) => Matrix;

interface FamilyRule {
  /** Whether ΔW has narrow factors: only an adapter of any ΔW has not, and takes the rank of W. */
  readonly lowRank: boolean;
  readonly frozen: readonly Side[];
  /** Whether a start on this basis is made from a frame. */
  readonly needsFrame: (basis: string) => boolean;
  /** Shapes of the trained parts. */
  readonly trained: (shape: Shape) => Readonly<Record<string, readonly [number, number] | readonly [number]>>;
  /** x ΔW for x [tokens, m], factor by factor: ΔW is never formed, except by `full`, which is ΔW. */
  readonly product: (x: Value, parts: ProductParts) => Value;
  /** ΔW / scale as left [m, r] · right [r, n]. */
  readonly factors: (part: Part) => { left: Matrix; right: Matrix };
  /** Trained parts that do not start at zero; ΔW is zero all the same, unless noise is asked for. */
  readonly start: (parts: StartParts) => Readonly<Record<string, Tensor>>;
  /** Singular values of ΔW / scale. */
  readonly spectrum: (part: Part, product: MatrixProduct) => Promise<Float64Array>;
  readonly tangent: (part: Part) => Promise<TangentSpace>;
}

/** Deviation of a core's noise, as LoRA-XS has it. */
const NOISE = 1e-5;

const always = () => true;
const atZero = () => ({});

/** The update of each family is above its rule. */
export const FAMILY_RULES: Readonly<Record<AdapterFamily, FamilyRule>> = {
  // U M Vᵀ
  core: {
    lowRank: true,
    frozen: ['u', 'v'],
    needsFrame: always,
    trained: ({ rank }) => ({ m: [rank, rank] }),
    product: (x, { u, v, trained, scale, hidden }) =>
      matmul(matmul(hidden(matmul(x, u())), trained('m')), v(), { transposeB: true, alpha: scale }),
    factors: (part) => ({ left: part('u'), right: times(part('m'), transpose(part('v'))) }),
    start: ({ noise, normal }): Record<string, Tensor> => (noise ? { m: normal('m', NOISE) } : {}),
    spectrum: (part, product) => gramSingularValues(part('m'), product),
    tangent: async (part) => ({ family: 'core', u: part('u'), v: part('v') }),
  },
  // U diag(s) Vᵀ
  diagonal: {
    lowRank: true,
    frozen: ['u', 'v'],
    needsFrame: always,
    trained: ({ rank }) => ({ s: [rank] }),
    product: (x, { u, v, trained, scale, hidden }) =>
      matmul(mul(hidden(matmul(x, u())), trained('s')), v(), { transposeB: true, alpha: scale }),
    factors: (part) => ({ left: part('u'), right: scaledRows(transpose(part('v')), part('s').data) }),
    start: atZero,
    spectrum: async (part) => part('s').data.map(Math.abs),
    tangent: async (part) => ({ family: 'diagonal', u: part('u'), v: part('v') }),
  },
  // U A
  left: {
    lowRank: true,
    frozen: ['u'],
    needsFrame: always,
    trained: ({ n, rank }) => ({ a: [rank, n] }),
    product: (x, { u, trained, scale, hidden }) =>
      matmul(hidden(matmul(x, u())), trained('a'), { alpha: scale }),
    factors: (part) => ({ left: part('u'), right: part('a') }),
    start: atZero,
    spectrum: (part, product) => gramSingularValues(part('a'), product),
    tangent: async (part) => ({ family: 'left', u: part('u') }),
  },
  // B Vᵀ
  right: {
    lowRank: true,
    frozen: ['v'],
    needsFrame: always,
    trained: ({ m, rank }) => ({ b: [m, rank] }),
    product: (x, { v, trained, scale, hidden }) =>
      matmul(hidden(matmul(x, trained('b'))), v(), { transposeB: true, alpha: scale }),
    factors: (part) => ({ left: part('b'), right: transpose(part('v')) }),
    start: atZero,
    spectrum: (part, product) => gramSingularValues(part('b'), product),
    tangent: async (part) => ({ family: 'right', v: part('v') }),
  },
  // P Q
  factors: {
    lowRank: true,
    frozen: [],
    needsFrame: (basis) => !isDrawn(basis),
    trained: ({ m, n, rank }) => ({ p: [m, rank], q: [rank, n] }),
    product: (x, { trained, scale, hidden }) =>
      matmul(hidden(matmul(x, trained('p'))), trained('q'), { alpha: scale }),
    factors: (part) => ({ left: part('p'), right: part('q') }),
    // On the random basis plain LoRA: P has the variance of PEFT's kaiming_uniform(a = √5).
    start: ({ m, basis, side, normal }) => ({
      p: isDrawn(basis) ? normal('p', 1 / Math.sqrt(3 * m)) : side('u'),
    }),
    // P = Q_p R_p, so P Q has the singular values of R_p Q.
    spectrum: async (part, product) => {
      const p = part('p');
      const root = await product(await orthonormalize(p, product), p, { transposeA: true });
      return gramSingularValues(await product(root, part('q')), product);
    },
    // P dQ + dP Q spans the columns of P on one side and the rows of Q on the other; while Q = 0 only the first.
    tangent: async (part) => {
      const q = part('q');
      const u = await orthonormalize(part('p'));
      if (q.data.every((value) => value === 0)) return { family: 'left', u };
      return { family: 'factors', u, v: await orthonormalize(transpose(q)) };
    },
  },
  // D
  full: {
    lowRank: false,
    frozen: [],
    needsFrame: () => false,
    trained: ({ m, n }) => ({ d: [m, n] }),
    product: (x, { trained, scale }) => matmul(x, trained('d'), { alpha: scale }),
    factors: (part) => {
      const d = part('d');
      return { left: d, right: identity(d.cols) };
    },
    start: atZero,
    spectrum: (part, product) => gramSingularValues(part('d'), product),
    tangent: async () => ({ family: null }),
  },
};
