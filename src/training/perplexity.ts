/** How well a model predicts a text: loss and perplexity with intervals over its sequences. */
import { invariant } from '../errors/index.ts';
import { Graph } from '../graph/index.ts';
import {
  type Batch,
  buildLoss,
  lossInputs,
  type Model,
  type Sequences,
  targetCount,
} from '../models/index.ts';
import { type Interval, studentInterval } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';

/** Mean losses of the sequences of a text, one after the other. */
export interface SequenceLosses {
  /** Nats per target. */
  readonly losses: readonly number[];
  /** Targets of each sequence. */
  readonly targets: readonly number[];
}

/** The loss of every sequence, `batchSize` sequences at a time. */
export async function sequenceLosses(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  sequences: Sequences,
  batchSize: number,
  onProgress: (done: number) => void = () => {},
): Promise<SequenceLosses> {
  const { count, seqLen } = sequences;
  const graph = new Graph();
  const shape = { lanes: batchSize, sequences: 1, seqLen };
  const { laneLosses } = buildLoss(model.definition, model.weights(graph), graph, shape);
  graph.output('losses', laneLosses);
  const program = await engine.load(graph);
  const losses: number[] = [];
  for (let first = 0; first < count; first += batchSize) {
    // The last batch is filled up with sequences that were there before.
    const lanes = Array.from({ length: batchSize }, (_, lane) =>
      sequenceAt(sequences, (first + lane) % count),
    );
    const outputs = await program.run(lossInputs(lanes));
    losses.push(...Array.from(outputs.losses!.data as Float32Array).slice(0, count - first));
    onProgress(losses.length);
  }
  await program.release();
  return {
    losses,
    targets: losses.map((_, index) => targetCount(sequenceAt(sequences, index))),
  };
}

/**
 * The mean loss per target with its 95 % interval over sequences. A ratio of sums, L = Σ nᵢ ℓᵢ / Σ nᵢ: its
 * interval is Student's over L + nᵢ (ℓᵢ − L) / n̄, the first-order expansion, which is ℓᵢ for equal nᵢ.
 */
export function meanLoss({ losses, targets }: SequenceLosses): Interval {
  const total = targets.reduce((sum, n) => sum + n, 0);
  const loss = losses.reduce((sum, value, i) => sum + targets[i]! * value, 0) / total;
  const meanTargets = total / targets.length;
  return studentInterval(losses.map((value, i) => loss + (targets[i]! * (value - loss)) / meanTargets));
}

/** The interval of a − b, sequence by sequence: much narrower than either, as hard sequences are hard for both. */
export function lossDifference(a: SequenceLosses, b: SequenceLosses): Interval {
  invariant(a.losses.length === b.losses.length, 'a difference needs the same sequences');
  return meanLoss({ losses: a.losses.map((loss, i) => loss - b.losses[i]!), targets: a.targets });
}

/** One sequence as a batch of its own. */
export function sequenceAt({ tokens, lossMask, seqLen }: Sequences, index: number): Batch {
  const [from, to] = [index * seqLen, (index + 1) * seqLen];
  return { tokens: tokens.subarray(from, to), lossMask: lossMask.subarray(from, to), sequences: 1, seqLen };
}
