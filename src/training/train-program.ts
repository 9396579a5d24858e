/** One pass of training: the loss, and the gradients of the trained parameters and of nothing else. */

import {
  adapterFeeds,
  adapterValues,
  type LayerAdapter,
  maskFeeds,
  withAdapters,
} from '../adapters/index.ts';
import { gradients as appendGradients } from '../autodiff/index.ts';
import { Graph } from '../graph/index.ts';
import { type Batch, buildLoss, type Model, targetCount } from '../models/index.ts';
import type { Rng, Tensor } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';
import { piecesOf, weightedInputs } from './fed-weights.ts';

export interface AdapterPassOptions {
  /** Sequences of a pass. */
  readonly batchSize: number;
  readonly seqLen: number;
  readonly dropout: number;
  /** A saved adapter whose frames are mapped. */
  readonly mapped?: string;
}

export interface AdapterGradients {
  /**
   * Mean loss over the targets of the batch, nats, and its gradient by tensor name. A batch of more sequences than
   * a pass runs in pieces whose gradients add up; the division must be exact.
   *
   * @param rng of the dropout masks; unused without dropout.
   */
  run(batch: Batch, rng: Rng): Promise<{ loss: number; gradients: Record<string, Float32Array> }>;
  release(): Promise<void>;
}

/** Makes the training graph ready to run. The adapters' trained arrays are fed as they stand at every run. */
export async function loadAdapterGradients(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  layers: readonly LayerAdapter[],
  { batchSize, seqLen, dropout, mapped }: AdapterPassOptions,
): Promise<AdapterGradients> {
  const graph = new Graph();
  const rows = batchSize * seqLen;
  const values = adapterValues(graph, layers, {
    ...(mapped === undefined ? {} : { mapped }),
    ...(dropout > 0 ? { dropoutRows: rows } : {}),
  });
  const provider = withAdapters(model.weights(graph), layers, values);
  const shape = { lanes: 1, sequences: batchSize, seqLen };
  const { loss } = buildLoss(model.definition, provider, graph, shape);
  const names = [...values.trained.keys()];
  appendGradients(loss, [...values.trained.values()]).forEach((gradient, index) => {
    graph.output(`gradient/${names[index]!}`, gradient);
  });
  graph.output('loss', loss);
  const program = await engine.load(graph);
  const masks = (rng: Rng): Record<string, Tensor> =>
    dropout === 0
      ? {}
      : maskFeeds(layers, rows, (layer, length) => dropoutMask(length, dropout, rng.fork(layer)));
  return {
    async run(batch, rng) {
      const feeds = adapterFeeds(layers);
      const total = targetCount(batch);
      const gradients: Record<string, Float32Array> = {};
      let lossSum = 0;
      for (const [index, piece] of piecesOf(batch, batchSize).entries()) {
        const inputs = { ...feeds, ...masks(rng.fork(`pass ${index}`)), ...weightedInputs(piece, total) };
        const outputs = await program.run(inputs);
        lossSum += outputs.loss!.data[0] as number;
        for (const name of names) {
          const found = outputs[`gradient/${name}`]!.data as Float32Array;
          const sum = gradients[name];
          if (sum === undefined) gradients[name] = found;
          else for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + found[i]!;
        }
      }
      return { loss: lossSum, gradients };
    },
    release: () => program.release(),
  };
}

/** 0 with probability `dropout`, else 1 / (1 − dropout), so that the mean is 1. */
export function dropoutMask(length: number, dropout: number, rng: Rng): Float32Array {
  const kept = 1 / (1 - dropout);
  return Float32Array.from({ length }, () => (rng.uniform() < dropout ? 0 : kept));
}
