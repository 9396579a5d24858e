/** Loss and gradients of all weights, with the weights fed at every run. */
import { Graph } from '../graph/index.ts';
import type { ModelDefinition } from '../models/index.ts';
import { type Engine, type Held, held } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { FedWeights } from './fed-weights.ts';
import { type LossAndGradients, loadLossGradients, type PassShape } from './loss-gradients.ts';
import type { NamedArrays } from './named-arrays.ts';

export interface WeightGradients extends Held {
  /** Mean loss over the targets of the batch, nats, and its gradient for every weight; see {@link loadLossGradients}. */
  run(weights: NamedArrays, batch: Batch): Promise<LossAndGradients>;
}

/** Makes the training graph for `sequences` sequences at a time ready to run. */
export async function loadGradients(
  engine: Engine,
  definition: ModelDefinition,
  shape: PassShape,
): Promise<WeightGradients> {
  const graph = new Graph();
  const fed = new FedWeights();
  const model = { definition, weights: fed.in(graph) };
  const program = await loadLossGradients(engine, graph, model, () => fed.values, shape);
  return held(
    {
      run(weights, batch) {
        const feeds = fed.feeds(weights);
        return program.run(batch, () => feeds);
      },
    },
    () => program.release(),
  );
}
