/**
 * A measure that sees all layers at once, where ν adds them up: layers can make the same change to the output, and a
 * sum over layers counts it once for each.
 *
 * With g_s the gradient of the loss of sequence s in all trained cores, d numbers, and two halves A and B of n
 * sequences each,
 *
 *     joint = ḡ_Aᵀ (F_A + λ tr(F_A)/d · I)⁻¹ ḡ_B,  F_A = Σ_A g_s g_sᵀ / n,
 *
 * is twice the loss that a step with the empirical Fisher matrix over all layers removes, as the other half sees it;
 * in sample B is A. It needs only the inner products of the sequences, the kernel K_st = g_sᵀ g_t: by Woodbury, with
 * μ = λ tr(F_A)/d and e = 1/n, joint = (eᵀK_AB e − eᵀK_AA (nμI + K_AA)⁻¹ K_AB e) / μ.
 */

import { join } from 'node:path';
import { buildPass, frameValue, placeFrames } from '../coverage/index.ts';
import { inTemporaryFolder } from '../files/index.ts';
import { matmul, reshape } from '../graph/index.ts';
import { lossInputs } from '../models/index.ts';
import { cholesky, invertLower, leadingColumns, type Matrix, matrix, multiply } from '../numeric/index.ts';
import { roundSignificant } from '../record/index.ts';
import { piecesOf } from '../training/index.ts';
import { DIGITS } from './observe.ts';
import { type JointPoint, type JointResult, type JointTrial, OBSERVED_RANKS } from './trial.ts';
import { RIDGE, type Workbench } from './workbench.ts';

/** The widest cores that are looked at: their gradients leave the engine whole, for every sequence. */
const WIDEST = 64;

export async function runJointTrial(bench: Workbench, { bases, seed }: JointTrial): Promise<JointResult> {
  const { model, engine, setting } = bench;
  const { layers } = model.definition;
  const narrow = await Promise.all(
    bases.map(async (basis) => {
      const { label, frames } = await bench.frames(basis, seed);
      const leading = [...frames].map(
        ([name, { u, v }]) =>
          [
            name,
            {
              u: leadingColumns(u, Math.min(WIDEST, u.cols)),
              v: leadingColumns(v, Math.min(WIDEST, v.cols)),
            },
          ] as const,
      );
      return { label, frames: new Map(leading) };
    }),
  );
  const sequences = bench.observedBatches(seed).flatMap((batch) => piecesOf(batch, 1));
  const lanes = setting.batchSize;
  return inTemporaryFolder(async (folder) => {
    const sets = await placeFrames(join(folder, 'frames.safetensors'), narrow);
    const pass = buildPass(model, layers, { lanes, sequences: 1, seqLen: setting.seqLen });
    const perLane = (value: ReturnType<typeof matmul>) =>
      reshape(value, [lanes, setting.seqLen, value.shape[1]!]);
    for (const { name, x, dy } of pass.layers) {
      for (const { label, frames } of sets) {
        const { u, v } = frames.get(name)!;
        const [inputs, outputs] = [
          matmul(x, frameValue(pass.graph, u)),
          matmul(dy, frameValue(pass.graph, v)),
        ];
        pass.graph.output(
          `${label}|${name}`,
          matmul(perLane(inputs), perLane(outputs), { transposeA: true }),
        );
      }
    }
    await using program = await engine.load(pass.graph);
    /** By basis: sequence → layer → core, row by row. */
    const cores = new Map<string, Float32Array[][]>(sets.map(({ label }) => [label, []]));
    for (let first = 0; first < sequences.length; first += lanes) {
      const outputs = await program.run(lossInputs(sequences.slice(first, first + lanes)));
      for (const { label } of sets) {
        for (let lane = 0; lane < lanes; lane++) {
          const ofSequence = layers.map(({ name }) => {
            const data = outputs[`${label}|${name}`]!.data as Float32Array;
            const size = data.length / lanes;
            return data.slice(lane * size, (lane + 1) * size);
          });
          cores.get(label)!.push(ofSequence);
        }
      }
    }
    const points: JointPoint[] = [];
    for (const [index, { label }] of sets.entries()) {
      const basis = bases[index]!;
      for (const rank of OBSERVED_RANKS.filter((one) => one <= Math.min(WIDEST, setting.frameRank))) {
        const { kernel, dimension } = kernelOf(cores.get(label)!, rank);
        points.push({ basis, rank, ...(await jointFromKernel(kernel, dimension, RIDGE)) });
      }
    }
    return { points };
  });
}

/** Inner products of the sequences' cores cut to a rank, and the number of their entries. */
function kernelOf(
  cores: readonly (readonly Float32Array[])[],
  rank: number,
): { kernel: Matrix; dimension: number } {
  const count = cores.length;
  const kernel = matrix(count, count);
  const widths = cores[0]!.map((core) => Math.round(Math.sqrt(core.length)));
  for (let s = 0; s < count; s++) {
    for (let t = 0; t <= s; t++) {
      let sum = 0;
      widths.forEach((width, layer) => {
        const [a, b] = [cores[s]![layer]!, cores[t]![layer]!];
        const k = Math.min(rank, width);
        for (let i = 0; i < k; i++) for (let j = i * width; j < i * width + k; j++) sum += a[j]! * b[j]!;
      });
      kernel.data[s * count + t] = sum;
      kernel.data[t * count + s] = sum;
    }
  }
  return { kernel, dimension: widths.reduce((sum, width) => sum + Math.min(rank, width) ** 2, 0) };
}

/**
 * The joint measure from the kernel of an even number of sequences; every second one is in the other half, and both
 * directions are averaged.
 *
 * @param dimension d, the numbers that are trained.
 */
export async function jointFromKernel(
  kernel: Matrix,
  dimension: number,
  ridge: number,
): Promise<{ inSample: number; heldOut: number }> {
  const halves = [0, 1].map((first) => Array.from({ length: kernel.rows / 2 }, (_, i) => 2 * i + first)) as [
    number[],
    number[],
  ];
  const one = async (own: readonly number[], other: readonly number[]) => {
    const n = own.length;
    const at = (s: number, t: number) => kernel.data[s * kernel.cols + t]!;
    const trace = own.reduce((sum, s) => sum + at(s, s), 0) / n;
    const mu = (ridge * trace) / dimension;
    const system = matrix(n, n);
    own.forEach((s, i) => {
      own.forEach((t, j) => {
        system.data[i * n + j] = at(s, t) + (i === j ? n * mu : 0);
      });
    });
    const inverse = await invertLower(await cholesky(system));
    const column = (of: readonly number[]): Matrix =>
      matrix(
        n,
        1,
        Float64Array.from(own, (s) => of.reduce((sum, t) => sum + at(s, t), 0) / of.length),
      );
    const ownMean = column(own);
    const half = await multiply(inverse, ownMean);
    const against = async (of: readonly number[]): Promise<number> => {
      const across = column(of);
      const plain = across.data.reduce((sum, value) => sum + value, 0) / n;
      const [solved] = (await multiply(half, await multiply(inverse, across), { transposeA: true })).data;
      return (plain - solved!) / mu;
    };
    return { inSample: await against(own), heldOut: await against(other) };
  };
  const [a, b] = [await one(halves[0], halves[1]), await one(halves[1], halves[0])];
  return {
    inSample: roundSignificant((a.inSample + b.inSample) / 2, DIGITS),
    heldOut: roundSignificant((a.heldOut + b.heldOut) / 2, DIGITS),
  };
}
