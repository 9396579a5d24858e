/** Whitening of many cores at once, on the engine. */
import { cast, Graph, matmul, transpose } from '../graph/index.ts';
import { float32, type MatrixProduct, type Tensor } from '../numeric/index.ts';
import type { Engine, Program } from '../runtime/index.ts';
import type { Whitening } from './natural.ts';

/** Computes L_A⁻¹ C L_B⁻ᵀ in float64; a program is kept for every shape that came by. Release it when done. */
export class Whitener {
  readonly product: MatrixProduct;
  private readonly engine: Engine;
  private readonly programs = new Map<string, Promise<Program>>();

  constructor(engine: Engine) {
    this.engine = engine;
    this.product = engine.matmul;
  }

  /** L_A⁻¹ C L_B⁻ᵀ of every K×K block of a list of [lanes, K, K] arrays, in order. */
  async whitenAll(
    cores: readonly ArrayLike<number>[],
    rank: number,
    { inputs, outputs }: Whitening,
  ): Promise<Float64Array[]> {
    const size = rank * rank;
    const count = (cores.length * cores[0]!.length) / size;
    const stack = new Float32Array(count * size);
    cores.forEach((core, index) => {
      stack.set(core, index * core.length);
    });
    const key = `${count}×${rank}`;
    const program = this.programs.get(key) ?? this.engine.load(whiteningGraph(count, rank), { frugal: true });
    this.programs.set(key, program);
    const factor = (data: Float64Array): Tensor => ({ dtype: 'float64', shape: [rank, rank], data });
    const { whitened } = await (await program).run({
      cores: float32([count, rank, rank], stack),
      inputs: factor(inputs.data),
      outputs: factor(outputs.data),
    });
    const data = whitened!.data as Float64Array;
    return Array.from({ length: count }, (_, block) => data.subarray(block * size, (block + 1) * size));
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await (await program).release();
    this.programs.clear();
  }
}

function whiteningGraph(count: number, rank: number): Graph {
  const graph = new Graph();
  const cores = graph.input('cores', 'float32', [count, rank, rank]);
  const inputs = graph.input('inputs', 'float64', [rank, rank]);
  const outputs = graph.input('outputs', 'float64', [rank, rank]);
  const left = matmul(inputs, cast(cores, 'float64'));
  graph.output('whitened', matmul(left, transpose(outputs, [1, 0])));
  return graph;
}
