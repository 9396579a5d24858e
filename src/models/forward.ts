/** What a forward pass is built with: where weights come from, and what is noted of each linear layer. */
import { add, type Graph, matmul, type Value } from '../graph/index.ts';
import type { LinearLayer, StoredLayer, WeightSpec } from './definition.ts';
import { layerWeights } from './definition.ts';

/** A linear layer as it stands in a graph: x [tokens, in] and y = x W [tokens, out], before the bias. */
export interface LinearTrace {
  readonly layer: LinearLayer;
  readonly x: Value;
  readonly y: Value;
}

/** Supplies weights as graph values, and the products with them. */
export interface WeightProvider {
  /** The weight as a value: mapped from a file, or fed at every run. */
  value(weight: WeightSpec): Value;
  /** x W for x [tokens, in]. */
  product(layer: StoredLayer, x: Value): Value;
  /** h Wᵀ for hidden states h [tokens, hidden] and the head's W [vocabulary, hidden]. */
  logits(head: WeightSpec, hidden: Value): Value;
}

/** The products of plain float32 weights. */
export function floatProducts(value: WeightProvider['value']): WeightProvider {
  return {
    value,
    product: (layer, x) =>
      matmul(x, value(layerWeights(layer)[0]!), { transposeB: layer.stored === 'out-in' }),
    logits: (head, hidden) => matmul(hidden, value(head), { transposeB: true }),
  };
}

/** One forward pass under construction. */
export class ForwardContext {
  readonly graph: Graph;
  readonly sequences: number;
  readonly seqLen: number;
  readonly traces: LinearTrace[] = [];
  private readonly weights: WeightProvider;

  constructor(graph: Graph, weights: WeightProvider, sequences: number, seqLen: number) {
    this.graph = graph;
    this.weights = weights;
    this.sequences = sequences;
    this.seqLen = seqLen;
  }

  weight(name: string, shape: readonly number[]): Value {
    return this.weights.value({ name, shape });
  }

  /** x W + b for x [tokens, in], noted in {@link traces}. */
  linear(layer: LinearLayer, x: Value): Value {
    const y = this.weights.product(layer, x);
    this.traces.push({ layer, x, y });
    return layer.bias ? add(y, this.weight(`${layer.name}.bias`, [layer.outFeatures])) : y;
  }

  logits(head: WeightSpec, hidden: Value): Value {
    return this.weights.logits(head, hidden);
  }
}
