/** Programs whose adapter is fed at every run, so that a graph is made once and serves every step. */

import { adapterFeeds, adapterValues, type LayerAdapter, withAdapters } from '../adapters/index.ts';
import { buildPass } from '../coverage/index.ts';
import { Graph, matmul } from '../graph/index.ts';
import {
  type Batch,
  buildLoss,
  lossInputs,
  type Model,
  type Sequences,
  targetCount,
} from '../models/index.ts';
import { spread } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';
import { sequenceAt } from '../training/index.ts';

/** The model with its adapter's trained arrays as inputs of every graph. */
const fedModel = (model: Model, layers: readonly LayerAdapter[]): Model => ({
  ...model,
  weights: (graph) => withAdapters(model.weights(graph), layers, adapterValues(graph, layers)),
});

export interface FedProgram<T, R> {
  run(input: T): Promise<R>;
  release(): Promise<void>;
}

/**
 * Mean loss per target over some sequences, with the adapter as it stands, nats. Batches run one after the other; the
 * last is filled up with sequences whose losses do not count.
 */
export async function loadEvaluation(
  engine: Engine,
  model: Model,
  layers: readonly LayerAdapter[],
  sequences: Sequences,
  batchSize: number,
): Promise<FedProgram<void, number>> {
  const { count, seqLen } = sequences;
  const graph = new Graph();
  const shape = { lanes: batchSize, sequences: 1, seqLen };
  const weights = fedModel(model, layers).weights(graph);
  graph.output('losses', buildLoss(model.definition, weights, graph, shape).laneLosses);
  const program = await engine.load(graph);
  return {
    run: async () => {
      const feeds = adapterFeeds(layers);
      let [sum, targets] = [0, 0];
      for (let first = 0; first < count; first += batchSize) {
        const lanes = Array.from({ length: batchSize }, (_, lane) =>
          sequenceAt(sequences, (first + lane) % count),
        );
        const { losses } = await program.run({ ...feeds, ...lossInputs(lanes) });
        for (let lane = 0; lane < Math.min(batchSize, count - first); lane++) {
          const weight = targetCount(lanes[lane]!);
          sum += weight * (losses!.data[lane] as number);
          targets += weight;
        }
      }
      return sum / targets;
    },
    release: () => program.release(),
  };
}

/** Layers whose whole gradients are looked at: they cost as much as the rest of a step. */
const WATCHED_LAYERS = 5;

/** Whole weight gradients of a few layers, spread over the model, on a batch, with the adapter as it stands. */
export async function loadFullGradients(
  engine: Engine,
  model: Model,
  layers: readonly LayerAdapter[],
  shape: { readonly sequences: number; readonly seqLen: number },
): Promise<FedProgram<Batch, Float32Array[]>> {
  const measured = spread(layers, WATCHED_LAYERS).map(({ layer }) => layer);
  const pass = buildPass(fedModel(model, layers), measured, { lanes: 1, ...shape });
  const names = pass.layers.map(({ name, x, dy }) => {
    pass.graph.output(`gradient/${name}`, matmul(x, dy, { transposeA: true }));
    return `gradient/${name}`;
  });
  const program = await engine.load(pass.graph);
  return {
    run: async (batch) => {
      const outputs = await program.run({ ...adapterFeeds(layers), ...lossInputs([batch]) });
      return names.map((name) => outputs[name]!.data as Float32Array);
    },
    release: () => program.release(),
  };
}
