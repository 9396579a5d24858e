/** Which way of multiplying in 8 bits serves on the processor at hand: measured once, and kept. */
import { availableParallelism, cpus } from 'node:os';
import type { Cache } from '../../checkpoint/index.ts';
import { Graph, MatMulInteger, type Value } from '../../graph/index.ts';
import { float32, tensor, zeros } from '../../numeric/index.ts';
import { createOnnxEngine, type Engine, Owner } from '../../runtime/index.ts';
import { blocksKernel } from './blocks.ts';
import type { KernelRecord } from './kernel.ts';
import { rotatedKernel } from './rotated.ts';

/** Tokens and features of the products that are timed, and how many follow one another. */
const [TOKENS, FEATURES, CHAIN] = [256, 768, 4];
const TRIES = 8;

export const KERNELS = { rotated: rotatedKernel, blocks: blocksKernel } as const;

/**
 * The rotated products where they are exact and no slower than those by blocks; else these. On processors without
 * integer dot products those of uint8 and int8 saturate.
 */
export async function chooseKernel(cache: Cache): Promise<KernelRecord> {
  const key = { processor: cpus()[0]?.model ?? 'unknown', threads: availableParallelism() };
  const { measured } = await cache.tensors(
    { kind: 'int8-kernel', version: 1, key },
    (kept) => kept.measured?.shape[0] === 3,
    async () => ({ measured: float32([3], await measureKernels()) }),
  );
  const [exact, rotated, blocks] = measured.data as Float32Array;
  return exact === 1 && rotated! <= blocks! ? rotatedKernel : blocksKernel;
}

/** Whether sums of rotated products are exact (1 or 0), and the milliseconds of a chain of either kind. */
async function measureKernels(): Promise<[exact: number, rotated: number, blocks: number]> {
  const engine = createOnnxEngine();
  try {
    if (!(await addsExactly(engine))) return [0, 0, 0];
    const times = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    await using owner = new Owner();
    const load = (kernel: KernelRecord) => owner.own(engine.load(chain(kernel)));
    const programs = await Promise.all([rotatedKernel, blocksKernel].map(load));
    const x = float32([TOKENS, FEATURES], new Float32Array(TOKENS * FEATURES).fill(1));
    for (let attempt = 0; attempt < TRIES; attempt++) {
      for (const [index, program] of programs.entries()) {
        const began = performance.now();
        await program.run({ x });
        times[index] = Math.min(times[index]!, performance.now() - began);
      }
    }
    return [1, times[0]!, times[1]!];
  } finally {
    await engine.close();
  }
}

function chain(kernel: KernelRecord): Graph {
  const graph = new Graph();
  const shape = { inner: FEATURES, outputs: FEATURES };
  const { values, scales } = kernel.layout(shape);
  const length = FEATURES * FEATURES;
  const packed = {
    values: graph.constant(tensor(kernel.dtype, values.shape, zeros(kernel.dtype, length))),
    scales: graph.constant(float32(scales.shape, new Float32Array(scales.shape[0]!).fill(1))),
  };
  let value: Value = graph.input('x', 'float32', [TOKENS, FEATURES]);
  for (let i = 0; i < CHAIN; i++) value = kernel.product(value, packed, packed, shape);
  graph.output('y', value);
  return graph;
}

/** Largest values on both sides: 16-bit sums of two products, which older processors make, saturate. */
async function addsExactly(engine: Engine): Promise<boolean> {
  const graph = new Graph();
  const inner = 64;
  const constant = (shape: readonly number[], entry: number) =>
    graph.constant(
      float32(
        shape,
        Array.from({ length: shape[0]! }, () => entry),
      ),
    );
  const weight = graph.constant(tensor('int8', [inner, inner], new Int8Array(inner * inner).fill(127)));
  const x = graph.constant(float32([1, inner], new Float32Array(inner)));
  const values = graph.input('values', 'uint8', [1, inner]);
  const scales = constant([inner], 1);
  const rowScale = graph.constant(float32([1, 1], [1]));
  const inputs = [x, values, rowScale, weight, scales, weight, scales];
  graph.output('y', graph.apply(MatMulInteger, inputs, {})[0]!);
  await using program = await engine.load(graph);
  const { y } = await program.run({ values: tensor('uint8', [1, inner], new Uint8Array(inner).fill(255)) });
  return [...(y!.data as Float32Array)].every((sum) => sum === inner * 127 * 127);
}
