/** What runs a graph. */
import type { Graph } from '../graph/index.ts';
import type { MatrixProduct, Tensor } from '../numeric/index.ts';

/** A graph made ready to run. */
export interface Program {
  /**
   * Evaluates the graph's outputs. Every input must be fed with its declared type and shape.
   * @throws InvariantError when a feed is missing, unknown or of another type or shape.
   */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Frees what the program holds; it cannot run afterwards. */
  release(): Promise<void>;
}

/** Runs graphs and large float64 products. One engine owns its threads and memory; close it when done. */
export interface Engine {
  readonly name: string;
  load(graph: Graph): Promise<Program>;
  /** Float64 product at the engine's speed, for the decompositions of `numeric`. */
  readonly matmul: MatrixProduct;
  close(): Promise<void>;
}
