/** Weights that change between runs: inputs of the graph, and what they are fed with. */
import { invariant } from '../errors/index.ts';
import type { Graph, Value } from '../graph/index.ts';
import { floatProducts, lossInputs, type WeightProvider } from '../models/index.ts';
import { float32, type Tensor } from '../numeric/index.ts';
import type { Batch } from '../text/index.ts';
import type { NamedArrays } from './named-arrays.ts';

/** The weights of a model as inputs of a graph, made when the model asks for them. */
export class FedWeights {
  /** By name of the weight. */
  readonly values = new Map<string, Value>();

  /** The weights in a graph, the one that will be fed. */
  in(graph: Graph): WeightProvider {
    return floatProducts(({ name, shape }) => {
      const value = this.values.get(name) ?? graph.input(name, 'float32', shape);
      this.values.set(name, value);
      return value;
    });
  }

  feeds(weights: NamedArrays): Record<string, Tensor> {
    return Object.fromEntries(
      [...this.values].map(([name, { shape }]) => [name, float32(shape, weights[name]!)]),
    );
  }
}

/** Feeds whose loss is the sum over the piece's targets, divided by the targets of the whole batch. */
export function weightedInputs(piece: Batch, total: number): Record<string, Tensor> {
  const inputs = lossInputs([piece]);
  const { shape, data } = inputs.targetWeights!;
  const weights = (data as Float32Array).map((weight) => (weight === 0 ? 0 : 1 / total));
  return { ...inputs, targetWeights: float32(shape, weights) };
}

/** A batch in pieces of `sequences` sequences. */
export function piecesOf(batch: Batch, sequences: number): Batch[] {
  invariant(batch.sequences % sequences === 0, `${batch.sequences} sequences in pieces of ${sequences}`);
  const size = sequences * batch.seqLen;
  return Array.from({ length: batch.sequences / sequences }, (_, piece) => ({
    tokens: batch.tokens.subarray(piece * size, (piece + 1) * size),
    lossMask: batch.lossMask.subarray(piece * size, (piece + 1) * size),
    sequences,
    seqLen: batch.seqLen,
  }));
}
