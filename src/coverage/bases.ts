/** How each basis chooses the frames of a layer. */
import type { Cache } from '../checkpoint/index.ts';
import { invariant } from '../errors/index.ts';
import type { LinearLayer } from '../models/index.ts';
import {
  cholesky,
  fromFloat32,
  haarFrame,
  invertLower,
  type Matrix,
  type MatrixProduct,
  matrix,
  orthonormalize,
  type Rng,
  svd,
  symmetricEigen,
  transpose,
} from '../numeric/index.ts';
import { type Basis, isDrawn } from '../record/index.ts';
import type { Resident } from '../runtime/index.ts';
import type { Frame } from './frame.ts';
import type { FramesFile } from './frames-file.ts';
import type { LeadingFrames } from './leading/index.ts';
import type { LayerMoments, Moments } from './moments.ts';
import type { MomentsWanted } from './moments-pass.ts';
import { topSingularVectors } from './svd-cache.ts';

const NONE: MomentsWanted = { gradient: false, second: false };
const GRADIENT: MomentsWanted = { gradient: true, second: false };
const SECOND: MomentsWanted = { gradient: false, second: true };
const BOTH: MomentsWanted = { gradient: true, second: true };

/** How frames are chosen: one record per basis. What a basis is called and how it is drawn stands in `record/bases.ts`. */
export interface BasisRule {
  /** Moments of the calibration batches that it is made from. */
  readonly moments: MomentsWanted;
  /** Whether they depend on the ridge λ. */
  readonly ridged?: true;
  /** The leading columns of a layer's frames, as many as asked for or as there are. */
  make(sources: FrameSources, rank: number): Promise<Frame>;
}

/** Whether a basis needs calibration batches. */
export const isDataDriven = ({ moments }: BasisRule): boolean => moments.gradient || moments.second;

/** Whether the frames of a basis differ from seed to seed. */
export const dependsOnSeed = (basis: Basis): boolean => isDrawn(basis) || isDataDriven(BASIS_RULES[basis]);

/** The frames that a user brings: a basis of its own. */
export const fileBasis = (file: FramesFile): BasisRule => ({
  moments: NONE,
  make: ({ layer, product }, rank) => file.read(layer, rank, product),
});

/** What a layer's frames may be made from. */
export interface FrameSources {
  readonly layer: LinearLayer;
  /** W in the checkpoint's order. */
  readonly weight: () => Float32Array;
  /** Of the decompositions that are kept between runs. */
  readonly cache: Cache;
  readonly rng: Rng;
  /** Moments of the calibration batches, read when they are wanted. */
  readonly moments: (() => Promise<LayerMoments>) | null;
  /** λ of the natural basis. */
  readonly ridge: number;
  readonly product: MatrixProduct;
  /** Finds leading directions in the engine; without it every frame comes of a whole decomposition. */
  readonly leading?: LeadingSource;
}

/** The engine's way to frames of few columns, with the moments as it holds them. */
export interface LeadingSource {
  readonly frames: LeadingFrames;
  readonly moments: Moments<Resident> | null;
}

const topOfGradient: BasisRule['make'] = async ({ moments, product, leading }, rank) =>
  (await leading?.frames.ofGradient(leading.moments!, rank)) ??
  svd((await moments!()).gradient!, { rank, product });

export const BASIS_RULES: Readonly<Record<Basis, BasisRule>> = {
  /** Top singular vectors of W. */
  svd: {
    moments: NONE,
    make: async ({ layer, weight, cache, product, leading }, rank) => {
      const values = weight();
      const decompose = async (columns: number) =>
        (await leading?.frames.ofWeight(layer, values, columns)) ??
        svd(weightMatrix(layer, values), { rank: columns, product });
      return topSingularVectors(layer, values, decompose, rank, cache);
    },
  },

  /** Bottom singular vectors of W, the smallest first. */
  'svd-minor': {
    moments: NONE,
    make: async ({ layer, weight, product }, rank) => {
      const { u, v } = await svd(weightMatrix(layer, weight()), { product });
      return { u: lastColumns(u, rank), v: lastColumns(v, rank) };
    },
  },

  /** Uniformly random. */
  random: {
    moments: NONE,
    make: async ({ layer, rng, product }, rank) => ({
      u: await haarFrame(layer.inFeatures, rank, rng.fork('u'), product),
      v: await haarFrame(layer.outFeatures, rank, rng.fork('v'), product),
    }),
  },

  /** Top singular vectors of the mean gradient. */
  gradient: {
    moments: GRADIENT,
    make: (sources, rank) => topOfGradient(sources, rank),
  },

  /**
   * The 2K top directions of the mean gradient dealt out to the two sides in turn: U gets the odd ones, V the even
   * ones. At every rank the pair spans the same 2K directions as LoRA-GA's split (1…K left, K+1…2K right), which
   * is best for `factors`, and unlike that split it nests over ranks.
   */
  'gradient-lora-ga': {
    moments: GRADIENT,
    make: async (sources, rank) => {
      const { inFeatures, outFeatures } = sources.layer;
      const pairs = Math.min(rank, Math.floor(Math.min(inFeatures, outFeatures) / 2));
      const { u, v } = await topOfGradient(sources, 2 * pairs);
      return { u: everySecond(u, 0), v: everySecond(v, 1) };
    },
  },

  /**
   * Canonical directions between inputs and output gradients: top singular pairs of L_A⁻¹ G L_B⁻ᵀ, mapped back by
   * U ← L_A⁻ᵀ Ũ, V ← L_B⁻ᵀ Ṽ and made orthonormal. Any square root of A + λaI gives the same spans; a Cholesky
   * factor is the cheapest (`coverage.md` writes it with the symmetric root).
   */
  natural: {
    moments: BOTH,
    ridged: true,
    make: async ({ moments: read, ridge, product, leading }, rank) => {
      const found = await leading?.frames.natural(leading.moments!, ridge, rank);
      if (found !== undefined) return found;
      const moments = await read!();
      const inverseRoot = async (moment: Matrix) =>
        invertLower(await cholesky(ridged(moment, ridge), product), product);
      const left = await inverseRoot(moments.inputs!);
      const right = await inverseRoot(moments.outputs!);
      const whitened = await product(await product(left, moments.gradient!), right, { transposeB: true });
      const { u, v } = await svd(whitened, { rank, product });
      return {
        u: await orthonormalize(await product(left, u, { transposeA: true }), product),
        v: await orthonormalize(await product(right, v, { transposeA: true }), product),
      };
    },
  },

  /** Principal directions of the inputs on one side and of the output gradients on the other. */
  activation: {
    moments: SECOND,
    make: async ({ moments, product }, rank) => {
      const { inputs, outputs } = await moments!();
      return {
        u: (await symmetricEigen(inputs!, { rank, product })).vectors,
        v: (await symmetricEigen(outputs!, { rank, product })).vectors,
      };
    },
  },
};

/**
 * The frames of one layer, of `rank` columns at most: no more than its smaller side (half of it for LoRA-GA), or
 * than a file holds.
 */
export async function makeFrame(rule: BasisRule, sources: FrameSources, rank: number): Promise<Frame> {
  const { name, inFeatures, outFeatures } = sources.layer;
  invariant(
    !isDataDriven(rule) || sources.moments !== null,
    `the frames of ${name} need calibration batches`,
  );
  const { u, v } = await rule.make(sources, Math.min(rank, inFeatures, outFeatures));
  return { u, v };
}

/** W [m, n] of a layer from the checkpoint's values. */
export function weightMatrix({ inFeatures, outFeatures, stored }: LinearLayer, values: Float32Array): Matrix {
  return stored === 'in-out'
    ? fromFloat32(inFeatures, outFeatures, values)
    : transpose(fromFloat32(outFeatures, inFeatures, values));
}

/** M + λ (tr M / size) I */
function ridged(moment: Matrix, ridge: number): Matrix {
  const size = moment.rows;
  const result = matrix(size, size, moment.data.slice());
  let trace = 0;
  for (let i = 0; i < size; i++) trace += moment.data[i * size + i]!;
  // A side without any signal (a layer that nothing flows through) still has directions to choose from.
  const addend = trace > 0 ? (ridge * trace) / size : 1;
  for (let i = 0; i < size; i++) result.data[i * size + i]! += addend;
  return result;
}

function lastColumns(a: Matrix, count: number): Matrix {
  return pickColumns(a, count, (j) => a.cols - 1 - j);
}

function everySecond(a: Matrix, first: number): Matrix {
  return pickColumns(a, a.cols / 2, (j) => 2 * j + first);
}

function pickColumns(a: Matrix, count: number, source: (column: number) => number): Matrix {
  const result = matrix(a.rows, count);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < count; j++) result.data[i * count + j] = a.data[i * a.cols + source(j)]!;
  }
  return result;
}
