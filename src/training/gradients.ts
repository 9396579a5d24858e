/** Loss and gradients of all weights, with the weights fed at every run. */
import { gradients as appendGradients } from '../autodiff/index.ts';
import { Graph } from '../graph/index.ts';
import { type Batch, buildLoss, type ModelDefinition, targetCount } from '../models/index.ts';
import type { Engine } from '../runtime/index.ts';
import { FedWeights, piecesOf, weightedInputs } from './fed-weights.ts';
import type { NamedArrays } from './named-arrays.ts';

export interface LossAndGradients {
  /**
   * Mean loss over the targets of the batch, nats, and its gradient for every weight. A batch of more sequences
   * than the graph holds runs in pieces whose gradients add up; the division must be exact.
   */
  run(weights: NamedArrays, batch: Batch): Promise<{ loss: number; gradients: Record<string, Float32Array> }>;
  release(): Promise<void>;
}

/** Makes the training graph for `sequences` sequences at a time ready to run. */
export async function loadGradients(
  engine: Engine,
  definition: ModelDefinition,
  { sequences, seqLen }: { readonly sequences: number; readonly seqLen: number },
): Promise<LossAndGradients> {
  const graph = new Graph();
  const fed = new FedWeights(graph);
  const { loss } = buildLoss(definition, fed.provider, graph, { lanes: 1, sequences, seqLen });
  const names = [...fed.values.keys()];
  graph.output('loss', loss);
  appendGradients(loss, [...fed.values.values()]).forEach((gradient, index) => {
    graph.output(`gradient/${names[index]!}`, gradient);
  });
  const program = await engine.load(graph);
  return {
    async run(weights, batch) {
      const feeds = fed.feeds(weights);
      const total = targetCount(batch);
      const gradients: Record<string, Float32Array> = {};
      let lossSum = 0;
      for (const piece of piecesOf(batch, sequences)) {
        const outputs = await program.run({ ...feeds, ...weightedInputs(piece, total) });
        lossSum += outputs.loss!.data[0] as number;
        for (const name of names) {
          const gradient = outputs[`gradient/${name}`]!.data as Float32Array;
          if (gradients[name] === undefined) gradients[name] = gradient;
          else addTo(gradients[name], gradient);
        }
      }
      return { loss: lossSum, gradients };
    },
    release: () => program.release(),
  };
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + values[i]!;
}
