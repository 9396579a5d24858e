/** Loss and gradients of an adapter's trained arrays, and of nothing else. */
import {
  adapterFeeds,
  adapterValues,
  type LayerAdapter,
  maskFeeds,
  withAdapters,
} from '../adapters/index.ts';
import { Graph } from '../graph/index.ts';
import type { Model } from '../models/index.ts';
import type { Rng, Tensor } from '../numeric/index.ts';
import { type Engine, type Held, held } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { type LossAndGradients, loadLossGradients } from './loss-gradients.ts';

export interface AdapterPassOptions {
  /** Sequences of a pass. */
  readonly batchSize: number;
  readonly seqLen: number;
  readonly dropout: number;
  /** A saved adapter whose frames are mapped. */
  readonly mapped?: string;
  /** Segments of the forward pass that the backward pass makes again; default none. */
  readonly recomputed?: number;
}

export interface AdapterGradients extends Held {
  /**
   * Mean loss over the targets of the batch, nats, and its gradient by tensor name; see {@link loadLossGradients}.
   *
   * @param rng of the dropout masks; unused without dropout.
   */
  run(batch: Batch, rng: Rng): Promise<LossAndGradients>;
}

/** Makes the training graph ready to run. The adapters' trained arrays are fed as they stand at every run. */
export async function loadAdapterGradients(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  layers: readonly LayerAdapter[],
  { batchSize, seqLen, dropout, mapped, recomputed = 0 }: AdapterPassOptions,
): Promise<AdapterGradients> {
  const graph = new Graph();
  const rows = batchSize * seqLen;
  const values = adapterValues(graph, layers, {
    ...(mapped === undefined ? {} : { mapped }),
    ...(dropout > 0 ? { dropoutRows: rows } : {}),
  });
  const adapted = {
    definition: model.definition,
    weights: withAdapters(model.weights(graph), layers, values),
  };
  const shape = { sequences: batchSize, seqLen, recomputed };
  const program = await loadLossGradients(engine, graph, adapted, () => values.trained, shape);
  const masks = (rng: Rng): Record<string, Tensor> =>
    dropout === 0
      ? {}
      : maskFeeds(layers, rows, (layer, length) => dropoutMask(length, dropout, rng.fork(layer)));
  return held(
    {
      run(batch, rng) {
        const feeds = adapterFeeds(layers);
        return program.run(batch, (pass) => ({ ...feeds, ...masks(rng.fork(`pass ${pass}`)) }));
      },
    },
    () => program.release(),
  );
}

/** 0 with probability `dropout`, else 1 / (1 − dropout), so that the mean is 1. */
export function dropoutMask(length: number, dropout: number, rng: Rng): Float32Array {
  const kept = 1 / (1 - dropout);
  return Float32Array.from({ length }, () => (rng.uniform() < dropout ? 0 : kept));
}
