/** Mean loss over sequences, without gradients. */
import { Graph } from '../graph/index.ts';
import { type Batch, buildLoss, type ModelDefinition, type Sequences, targetCount } from '../models/index.ts';
import type { Engine } from '../runtime/index.ts';
import { FedWeights, piecesOf, weightedInputs } from './fed-weights.ts';
import type { NamedArrays } from './named-arrays.ts';

export interface Evaluation {
  /** Mean over all targets, nats. */
  readonly loss: number;
  readonly targets: number;
}

/** Mean loss over every target of `sequences`, `batchSize` sequences at a time. */
export async function evaluateLoss(
  engine: Engine,
  definition: ModelDefinition,
  weights: NamedArrays,
  sequences: Sequences,
  batchSize: number,
): Promise<Evaluation> {
  const graph = new Graph();
  const fed = new FedWeights(graph);
  const shape = { lanes: 1, sequences: batchSize, seqLen: sequences.seqLen };
  graph.output('loss', buildLoss(definition, fed.provider, graph, shape).loss);
  const program = await engine.load(graph);
  const whole = padded(sequences, batchSize);
  const targets = targetCount(whole);
  const feeds = fed.feeds(weights);
  let loss = 0;
  for (const piece of piecesOf(whole, batchSize)) {
    const outputs = await program.run({ ...feeds, ...weightedInputs(piece, targets) });
    loss += outputs.loss!.data[0] as number;
  }
  await program.release();
  return { loss, targets };
}

/** Completes the last batch with sequences that have no targets. */
function padded({ tokens, lossMask, count, seqLen }: Sequences, batchSize: number): Batch {
  const sequences = Math.ceil(count / batchSize) * batchSize;
  const whole = {
    tokens: new Int32Array(sequences * seqLen),
    lossMask: new Uint8Array(sequences * seqLen),
    sequences,
    seqLen,
  };
  whole.tokens.set(tokens);
  whole.lossMask.set(lossMask);
  return whole;
}
