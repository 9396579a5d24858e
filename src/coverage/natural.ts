/** Natural coverage ν: the loss that a natural-gradient step inside the frames could remove, at every rank. */
import { invariant } from '../errors/index.ts';
import {
  cholesky,
  invertLower,
  type Matrix,
  type MatrixProduct,
  matrix,
  type Tensor,
} from '../numeric/index.ts';
import type { Resident } from '../runtime/index.ts';
import { atRank, leadingBlockSums, runningSum } from './energies.ts';
import type { LayerMeasurement } from './measurement.ts';
import type { WhitenedSquares, Whitener } from './whitener.ts';

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
 * ν of every frame set on a layer. The batches of lane 0 are one half of the data, those of lane 1 the other. Each half
 * whitens and gives the first gradient once; held out, the second gradient is the other half's. Both directions are
 * averaged.
 *
 * @param targets per pass and lane, the targets of its batch.
 */
export async function naturalCurves(
  layer: LayerMeasurement,
  targets: readonly (readonly number[])[],
  ridge: number,
  whitener: Whitener,
): Promise<NaturalCurves[]> {
  const [first, second] = await naturalHalves(layer, targets, ridge, whitener);
  const average = (x: Float64Array, y: Float64Array) => x.map((value, i) => (value + y[i]!) / 2);
  return first.map((a, set) => {
    const b = second[set]!;
    return {
      inSample: average(a.inSample, b.inSample),
      heldOut: average(a.heldOut, b.heldOut),
      permutedInSample: average(a.permutedInSample, b.permutedInSample),
      permutedHeldOut: average(a.permutedHeldOut, b.permutedHeldOut),
      replicates: a.replicates.map((curve, pass) => average(curve, b.replicates[pass]!)),
    };
  });
}

/** As {@link naturalCurves}, with the whitening of each half: A = Σxxᵀ/N, B = Σδδᵀ/N, G = Σxδᵀ/N over it. */
export async function naturalHalves(
  layer: LayerMeasurement,
  targets: readonly (readonly number[])[],
  ridge: number,
  whitener: Whitener,
): Promise<readonly [NaturalCurves[], NaturalCurves[]]> {
  const ofHalves: [NaturalCurves[], NaturalCurves[]] = [[], []];
  for (const { rank, sets, natural } of layer.stacks) {
    invariant(natural !== null, `no natural sums of ${layer.name}`);
    const [inputs, outputs] = [await valuesOf(natural.inputs), await valuesOf(natural.outputs)];
    for (const half of [0, 1] as const) {
      const count = laneTargets(targets, half);
      const white: Whitening[] = [];
      for (const place of sets.keys()) {
        const ridged = (moments: Float32Array, trace: number, features: number) =>
          ridgedMoment(moments.subarray((2 * place + half) * rank ** 2, (2 * place + half + 1) * rank ** 2), {
            count,
            addend: (ridge * trace) / (count * features),
          });
        white.push(
          await whitening(
            ridged(inputs, layer.traces.inputs[half]!, layer.inFeatures),
            ridged(outputs, layer.traces.outputs[half]!, layer.outFeatures),
            whitener.product,
          ),
        );
      }
      const squares = await whitener.squares(natural, white);
      sets.forEach((set, place) => {
        ofHalves[half][set] = curvesOf(squares[place]!, targets, half);
      });
    }
  }
  return ofHalves;
}

const laneTargets = (targets: readonly (readonly number[])[], lane: number): number =>
  targets.reduce((sum, pass) => sum + pass[lane]!, 0);

const valuesOf = async (held: Tensor | Resident): Promise<Float32Array> =>
  ('data' in held ? held.data : (await held.read()).data) as Float32Array;

/** A second moment [K, K] of `count` targets, with its ridge. */
function ridgedMoment(sum: Float32Array, { count, addend }: { count: number; addend: number }): Matrix {
  const rank = Math.sqrt(sum.length);
  const scaled = Float64Array.from(sum);
  for (let i = 0; i < scaled.length; i++) scaled[i]! /= count;
  // A side that nothing flows through has no second moment; any whitening leaves its zero core zero.
  for (let i = 0; i < rank; i++) scaled[i * rank + i]! += addend > 0 ? addend : 1;
  return matrix(rank, rank, scaled);
}

/** Sums of squares of whitened cores as ν: divided by the targets that they were summed over, block by block. */
function curvesOf(
  { total, permuted, rests }: WhitenedSquares,
  targets: readonly (readonly number[])[],
  half: 0 | 1,
): NaturalCurves {
  const [a, b] = [laneTargets(targets, 0), laneTargets(targets, 1)];
  const own = [a, b][half]! ** 2;
  const curve = (shells: Float64Array, divisor: number) => runningSum(shells.map((value) => value / divisor));
  return {
    inSample: curve(total[half]!, own),
    heldOut: curve(total[2]!, a * b),
    permutedInSample: curve(permuted[half]!, own),
    permutedHeldOut: curve(permuted[2]!, a * b),
    replicates: rests.map((rest, pass) => curve(rest, (a - targets[pass]![0]!) * (b - targets[pass]![1]!))),
  };
}
