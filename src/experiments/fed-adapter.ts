/** Programs whose adapter is fed at every run, so that a graph is made once and serves every step. */

import { adapterFeeds, adapterValues, type LayerAdapter, withAdapters } from '../adapters/index.ts';
import { buildPass } from '../coverage/index.ts';
import { matmul } from '../graph/index.ts';
import { lossInputs, type Model } from '../models/index.ts';
import { spread } from '../numeric/index.ts';
import { type Engine, type Held, held } from '../runtime/index.ts';
import type { Batch, Sequences } from '../text/index.ts';
import { loadSequenceLosses, lossPerTarget } from '../training/index.ts';

/** The model with its adapter's trained arrays as inputs of every graph. */
const fedModel = (model: Model, layers: readonly LayerAdapter[]): Model => ({
  ...model,
  weights: (graph) => withAdapters(model.weights(graph), layers, adapterValues(graph, layers)),
});

export interface FedProgram<T, R> extends Held {
  run(input: T): Promise<R>;
}

/** Mean loss per target over some sequences, with the adapter as it stands, nats. */
export async function loadEvaluation(
  engine: Engine,
  model: Model,
  layers: readonly LayerAdapter[],
  sequences: Sequences,
  batchSize: number,
): Promise<FedProgram<void, number>> {
  const program = await loadSequenceLosses(engine, fedModel(model, layers), sequences, batchSize);
  return held(
    {
      run: async () => lossPerTarget(await program.run(adapterFeeds(layers))),
    },
    () => program.release(),
  );
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
  return held(
    {
      run: async (batch) => {
        const outputs = await program.run({ ...adapterFeeds(layers), ...lossInputs([batch]) });
        return names.map((name) => outputs[name]!.data as Float32Array);
      },
    },
    () => program.release(),
  );
}
