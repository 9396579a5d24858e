/** Natural coverage ν: the loss that a natural-gradient step inside the frames could remove, at every rank. */
import { cholesky, invertLower, type Matrix, type MatrixProduct, matrix } from '../numeric/index.ts';
import { atRank, leadingBlockSums } from './energies.ts';
import type { LayerMeasurement, NaturalSums } from './measurement.ts';
import type { Whitener } from './whitener.ts';

/** L_A⁻¹ and L_B⁻¹ of the ridged second moments inside the frames; both nest over ranks. */
export interface Whitening {
  readonly inputs: Matrix;
  readonly outputs: Matrix;
}

/**
 * Inverse Cholesky factors of Uᵀ(A + λaI)U and Vᵀ(B + λbI)V, each [K, K] and already ridged.
 * @throws InvariantError when one is not positive definite.
 */
export async function whitening(inputs: Matrix, outputs: Matrix, product: MatrixProduct): Promise<Whitening> {
  const inverse = async (moment: Matrix) => invertLower(await cholesky(moment, product), product);
  return { inputs: await inverse(inputs), outputs: await inverse(outputs) };
}

/** L_A⁻¹ C L_B⁻ᵀ for a core C [K, K]. */
export async function whiten(
  core: Matrix,
  { inputs, outputs }: Whitening,
  product: MatrixProduct,
): Promise<Matrix> {
  return product(await product(inputs, core), outputs, { transposeB: true });
}

/**
 * ν(K) = tr(A_P⁻¹ C B_P⁻¹ Cᵀ) at K = 1, 2, …: the leading blocks of a Cholesky factor are the factors of the
 * leading blocks, so it is the running sum of squares of L_A⁻¹ C L_B⁻ᵀ.
 */
export async function naturalCurve(
  core: Matrix,
  white: Whitening,
  product: MatrixProduct,
): Promise<Float64Array> {
  const whitened = await whiten(core, white, product);
  return leadingBlockSums(whitened.data, whitened.data, core.rows);
}

/** ν of one frame set on one layer, at every rank. */
export interface NaturalCurves {
  readonly inSample: Float64Array;
  readonly heldOut: Float64Array;
  readonly permutedInSample: Float64Array;
  readonly permutedHeldOut: Float64Array;
  /** `heldOut` without pass 0, 1, …: the replicates of a jackknife. */
  readonly replicates: readonly Float64Array[];
}

/** A curve of ν at a rank, summed over layers. */
export const naturalTotal = (
  curves: readonly NaturalCurves[],
  read: (one: NaturalCurves) => Float64Array,
  rank: number,
): number => curves.reduce((sum, one) => sum + atRank(read(one), rank), 0);

/**
 * The batches of lane 0 are one half of the data, those of lane 1 the other. Each half whitens and gives the first
 * gradient once; held out, the second gradient is the other half's. Both directions are averaged.
 *
 * @param targets per pass and lane, the targets of its batch.
 */
export async function naturalCurves(
  layer: LayerMeasurement,
  sums: NaturalSums,
  rank: number,
  targets: readonly (readonly number[])[],
  ridge: number,
  whitener: Whitener,
): Promise<NaturalCurves> {
  const a = await naturalDirection(layer, sums, rank, targets, ridge, 0, whitener);
  const b = await naturalDirection(layer, sums, rank, targets, ridge, 1, whitener);
  const average = (x: Float64Array, y: Float64Array) => x.map((value, i) => (value + y[i]!) / 2);
  return {
    inSample: average(a.inSample, b.inSample),
    heldOut: average(a.heldOut, b.heldOut),
    permutedInSample: average(a.permutedInSample, b.permutedInSample),
    permutedHeldOut: average(a.permutedHeldOut, b.permutedHeldOut),
    replicates: a.replicates.map((curve, pass) => average(curve, b.replicates[pass]!)),
  };
}

/** As {@link naturalCurves}, with the whitening of one `half` only: A = Σxxᵀ/N, B = Σδδᵀ/N, G = Σxδᵀ/N over it. */
export async function naturalDirection(
  layer: LayerMeasurement,
  sums: NaturalSums,
  rank: number,
  targets: readonly (readonly number[])[],
  ridge: number,
  half: 0 | 1,
  whitener: Whitener,
): Promise<NaturalCurves> {
  const passes = sums.cores.length;
  const size = rank * rank;
  const counts = [0, 1].map((lane) => targets.reduce((sum, pass) => sum + pass[lane]!, 0)) as [
    number,
    number,
  ];
  const count = counts[half];
  const ridged = (moments: Float64Array, trace: number, features: number): Matrix => {
    const scaled = moments.slice(half * size, (half + 1) * size);
    for (let i = 0; i < size; i++) scaled[i]! /= count;
    const addend = (ridge * trace) / (count * features);
    // A side that nothing flows through has no second moment; any whitening leaves its zero core zero.
    for (let i = 0; i < rank; i++) scaled[i * rank + i]! += addend > 0 ? addend : 1;
    return matrix(rank, rank, scaled);
  };
  const white = await whitening(
    ridged(sums.inputs, layer.traces.inputs[half]!, layer.inFeatures),
    ridged(sums.outputs, layer.traces.outputs[half]!, layer.outFeatures),
    whitener.product,
  );
  // One stack of cores: every pass of both lanes, then the permuted sums of both lanes.
  const blocks = await whitener.whitenAll([...sums.cores, sums.permuted], rank, white);
  const sumOf = (lane: number): Float64Array => {
    const sum = new Float64Array(size);
    for (let pass = 0; pass < passes; pass++) {
      const block = blocks[2 * pass + lane]!;
      for (let i = 0; i < size; i++) sum[i]! += block[i]!;
    }
    return sum;
  };
  const totals = [sumOf(0), sumOf(1)] as const;
  const meanOf = (lane: number) => totals[lane]!.map((value) => value / counts[lane]!);
  const permuted = (lane: number) => blocks[2 * passes + lane]!.map((value) => value / counts[lane]!);
  const without = (pass: number): Float64Array => {
    const rest = counts.map((all, lane) => all - targets[pass]![lane]!) as [number, number];
    const side = (lane: 0 | 1) => [totals[lane], blocks[2 * pass + lane]!] as const;
    return differenceBlockSums(side(0), side(1), rank, 1 / (rest[0] * rest[1]));
  };
  const [first, second] = [meanOf(half), meanOf(1 - half)];
  const [shuffled, otherShuffled] = [permuted(half), permuted(1 - half)];
  return {
    inSample: leadingBlockSums(first, first, rank),
    heldOut: leadingBlockSums(first, second, rank),
    permutedInSample: leadingBlockSums(shuffled, shuffled, rank),
    permutedHeldOut: leadingBlockSums(shuffled, otherShuffled, rank),
    replicates: passes < 2 ? [] : sums.cores.map((_, pass) => without(pass)),
  };
}

/** Σ over leading blocks of (a − x)ᵢⱼ (b − y)ᵢⱼ, times `factor`: a jackknife replicate without making its matrices. */
function differenceBlockSums(
  [a, x]: readonly [Float64Array, Float64Array],
  [b, y]: readonly [Float64Array, Float64Array],
  k: number,
  factor: number,
): Float64Array {
  const sums = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const at = i * k + j;
      sums[Math.max(i, j)]! += (a[at]! - x[at]!) * (b[at]! - y[at]!);
    }
  }
  let total = 0;
  for (let i = 0; i < k; i++) {
    total += factor * sums[i]!;
    sums[i] = total;
  }
  return sums;
}
