/** What runs a graph. */
import type { Graph, ValueType } from '../graph/index.ts';
import type { MatrixProduct, Tensor } from '../numeric/index.ts';
import type { Held } from './held.ts';

/** An array that lives in the engine: it can be fed and written again and again, and is copied only when read. */
export interface Resident extends ValueType, Held {
  /** A copy of what it holds. */
  read(): Promise<Tensor>;
}

/** A graph made ready to run. */
export interface Program extends Held {
  /**
   * Evaluates the graph's outputs. Every input must be fed with its declared type and shape.
   *
   * @param into outputs that are written to residents instead of being returned. A resident that is fed as well is
   *   written in place: that is sound where nothing reads the input but the op that makes the output, and that op is
   *   elementwise or an `AddMatMul`.
   * @throws InvariantError when a feed or a resident is missing, unknown or of another type or shape.
   */
  run(
    inputs: Readonly<Record<string, Tensor | Resident>>,
    into?: Readonly<Record<string, Resident>>,
  ): Promise<Record<string, Tensor>>;
}

export interface LoadOptions {
  /**
   * Give back the memory of a run when it ends: for programs of which many are kept. Otherwise a program keeps the most
   * that it ever needed, and runs faster for it. Default false.
   */
  readonly frugal?: boolean;
}

/** Runs graphs and large float64 products. One engine owns its threads and memory; close it when done. */
export interface Engine {
  readonly name: string;
  load(graph: Graph, options?: LoadOptions): Promise<Program>;
  /** An array in the engine: of zeros, or with the values of a tensor. */
  keep(value: ValueType | Tensor): Promise<Resident>;
  /** Float64 product at the engine's speed, for the decompositions of `numeric`. */
  readonly matmul: MatrixProduct;
  close(): Promise<void>;
}

/** What is wrong with the arguments of a run, if anything. */
export function misfit(
  graph: Graph,
  inputs: Readonly<Record<string, ValueType>>,
  into: Readonly<Record<string, ValueType>>,
): string | null {
  const check = (
    role: string,
    declared: ReadonlyMap<string, ValueType>,
    given: Readonly<Record<string, ValueType>>,
  ) => {
    for (const [name, { dtype, shape }] of Object.entries(given)) {
      const want = declared.get(name);
      if (want === undefined) return `no graph ${role} is named ${name}`;
      if (want.dtype !== dtype || want.shape.join() !== shape.join())
        return `graph ${role} ${name} wants ${want.dtype} [${want.shape}], got ${dtype} [${shape}]`;
    }
    return null;
  };
  const unfed = [...graph.inputs.keys()].find((name) => inputs[name] === undefined);
  return (
    check('input', graph.inputs, inputs) ??
    (unfed === undefined ? null : `graph input ${unfed} is not fed`) ??
    check('output', graph.outputs, into)
  );
}
