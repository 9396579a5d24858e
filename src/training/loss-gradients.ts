/** One pass of training: a loss and its gradients, for whatever is trained. */
import type { Graph, Value } from '../graph/index.ts';
import {
  buildLoss,
  lossGradients,
  type ModelDefinition,
  targetCount,
  type WeightProvider,
} from '../models/index.ts';
import type { Tensor } from '../numeric/index.ts';
import { type Engine, type Held, held } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { piecesOf, weightedInputs } from './fed-weights.ts';

export interface LossAndGradients {
  /** Mean over the targets of a batch, nats. */
  readonly loss: number;
  /** By name of what is trained. */
  readonly gradients: Record<string, Float32Array>;
}

export interface GradientProgram extends Held {
  /** @param feeds of a pass by its index, beside those of the loss. */
  run(batch: Batch, feeds: (pass: number) => Record<string, Tensor>): Promise<LossAndGradients>;
}

export interface PassShape {
  /** Sequences of a pass. */
  readonly sequences: number;
  readonly seqLen: number;
  /** Segments of the forward pass that the backward pass makes again; default none. */
  readonly recomputed?: number;
}

/** Where and by what weights a loss is computed. */
export interface TrainedModel {
  readonly definition: ModelDefinition;
  readonly weights: WeightProvider;
}

/**
 * Writes loss and gradients into a graph, as outputs `loss` and `gradient/…`.
 *
 * @param trained what is differentiated by; asked for when the loss has been built.
 * @returns how many segments the forward pass has.
 */
export function buildLossGradients(
  graph: Graph,
  { definition, weights }: TrainedModel,
  trained: () => ReadonlyMap<string, Value>,
  { sequences, seqLen, recomputed = 0 }: PassShape,
): number {
  const loss = buildLoss(definition, weights, graph, { lanes: 1, sequences, seqLen, recomputed });
  const values = trained();
  const names = [...values.keys()];
  graph.output('loss', loss.loss);
  lossGradients(loss, [...values.values()]).forEach((gradient, index) => {
    graph.output(gradientName(names[index]!), gradient);
  });
  return loss.segments;
}

const gradientName = (name: string): string => `gradient/${name}`;

/**
 * Makes loss and gradients ready to run: see {@link buildLossGradients}. A batch of more sequences than a pass runs in
 * pieces whose gradients add up; the division must be exact.
 */
export async function loadLossGradients(
  engine: Engine,
  graph: Graph,
  model: TrainedModel,
  trained: () => ReadonlyMap<string, Value>,
  shape: PassShape,
): Promise<GradientProgram> {
  buildLossGradients(graph, model, trained, shape);
  const { sequences } = shape;
  const names = [...trained().keys()];
  const program = await engine.load(graph);
  return held(
    {
      async run(batch, feeds) {
        const total = targetCount(batch);
        const gradients: Record<string, Float32Array> = {};
        let lossSum = 0;
        for (const [index, piece] of piecesOf(batch, sequences).entries()) {
          const outputs = await program.run({ ...feeds(index), ...weightedInputs(piece, total) });
          lossSum += outputs.loss!.data[0] as number;
          for (const name of names) {
            const gradient = outputs[gradientName(name)]!.data as Float32Array;
            if (gradients[name] === undefined) gradients[name] = gradient;
            else addTo(gradients[name], gradient);
          }
        }
        return { loss: lossSum, gradients };
      },
    },
    () => program.release(),
  );
}

function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + values[i]!;
}
