/** Whitening of many cores at once, on the engine. */
import { add, cast, concat, Graph, matmul, mul, split, sub, type Value } from '../graph/index.ts';
import { type Matrix, type MatrixProduct, type Tensor, transpose } from '../numeric/index.ts';
import { type Engine, Owner, type Program } from '../runtime/index.ts';
import type { NaturalSums } from './measurement.ts';
import type { Whitening } from './natural.ts';
import { shellSums } from './shells.ts';

type Rows = readonly Float64Array[];

/**
 * Of the whitened cores W of one frame set, what each leading block adds to a sum of products, [K] each: of both lanes'
 * squares and then of lane 0 times lane 1.
 */
export interface WhitenedSquares {
  /** Of the sums over all passes. */
  readonly total: Rows;
  /** Of the cores of shuffled rows. */
  readonly permuted: Rows;
  /** Lane 0 times lane 1 of the sums over all passes but the first, the second, …; of one pass there are none. */
  readonly rests: Rows;
}

/** Computes with L_A⁻¹ C L_B⁻ᵀ; a program is kept for every shape that came by. Release it when done. */
export class Whitener extends Owner {
  readonly product: MatrixProduct;
  private readonly engine: Engine;
  private readonly programs = new Map<string, Promise<Program>>();

  constructor(engine: Engine) {
    super();
    this.engine = engine;
    this.product = engine.matmul;
  }

  /** @param white of each frame set of the stack. */
  async squares({ blocks, permuted }: NaturalSums, white: readonly Whitening[]): Promise<WhitenedSquares[]> {
    const [sets, , rank] = permuted.shape as [number, number, number, number];
    const passes = blocks.length;
    const key = `${passes},${sets},${rank}`;
    const program = this.programs.get(key) ?? this.own(this.engine.load(squaresGraph(passes, sets, rank)));
    this.programs.set(key, program);
    const outputs = await (await program).run({
      ...Object.fromEntries(blocks.map((block, pass) => [`pass${pass}`, block])),
      permuted,
      left: stack(white.map(({ inputs }) => inputs)),
      right: stack(white.map(({ outputs }) => transpose(outputs))),
    });
    const rows = (name: string, set: number): Rows => {
      const { shape, data } = outputs[name]!;
      const count = shape[1]!;
      return Array.from({ length: count }, (_, row) => {
        const at = (set * count + row) * rank;
        return Float64Array.from(data.subarray(at, at + rank) as Float64Array);
      });
    };
    return Array.from({ length: sets }, (_, set) => ({
      total: rows('total', set),
      permuted: rows('shuffled', set),
      rests: passes < 2 ? [] : rows('rests', set),
    }));
  }
}

/** Square matrices as [sets, 1, K, K]. */
function stack(matrices: readonly Matrix[]): Tensor {
  const { rows, data } = matrices[0]!;
  const values = new Float64Array(matrices.length * data.length);
  matrices.forEach((one, index) => {
    values.set(one.data, index * data.length);
  });
  return { dtype: 'float64', shape: [matrices.length, 1, rows, rows], data: values };
}

/**
 * Outputs [sets, rows, K], the rows as {@link WhitenedSquares} has them: in float64, but for what only says how far the
 * passes differ.
 */
function squaresGraph(passes: number, sets: number, rank: number): Graph {
  const graph = new Graph();
  const cores = (name: string) => graph.input(name, 'float32', [sets, 2, rank, rank]);
  const left = graph.input('left', 'float64', [sets, 1, rank, rank]);
  const right = graph.input('right', 'float64', [sets, 1, rank, rank]);
  const white = (core: Value) => matmul(matmul(cast(left, core.dtype), core), cast(right, core.dtype));
  const across = (value: Value) => {
    const [a, b] = split(value, 1, [1, 1]) as [Value, Value];
    return mul(a, b);
  };
  const pairs = (value: Value) => shellSums(concat([mul(value, value), across(value)], 1));
  const blocks = Array.from({ length: passes }, (_, pass) => cores(`pass${pass}`));
  const total = white(blocks.map((block) => cast(block, 'float64')).reduce(add));
  graph.output('total', pairs(total));
  graph.output('shuffled', pairs(white(cast(cores('permuted'), 'float64'))));
  const rest = (block: Value) => shellSums(across(sub(cast(total, 'float32'), white(block))));
  if (passes > 1) graph.output('rests', concat(blocks.map(rest), 1));
  return graph;
}
