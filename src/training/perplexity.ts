/** How well a model predicts a text: loss and perplexity with intervals over its sequences. */
import { invariant } from '../errors/index.ts';
import { Graph } from '../graph/index.ts';
import { buildLoss, lossInputs, type Model, type ModelDefinition, targetCount } from '../models/index.ts';
import { type Interval, studentInterval, type Tensor } from '../numeric/index.ts';
import { type Engine, type Held, held } from '../runtime/index.ts';
import type { Sequences } from '../text/index.ts';
import { FedWeights } from './fed-weights.ts';
import type { NamedArrays } from './named-arrays.ts';

/** Mean losses of the sequences of a text, one after the other. */
export interface SequenceLosses {
  /** Nats per target. */
  readonly losses: readonly number[];
  /** Targets of each sequence. */
  readonly targets: readonly number[];
}

/** The losses of a text, ready to be taken again and again. */
export interface LossProgram extends Held {
  /** @param feeds of the weights that are inputs of the model's graphs. */
  run(feeds?: Readonly<Record<string, Tensor>>, onProgress?: (done: number) => void): Promise<SequenceLosses>;
}

/** Makes the loss of every sequence ready to run, `batchSize` sequences at a time. */
export async function loadSequenceLosses(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  sequences: Sequences,
  batchSize: number,
): Promise<LossProgram> {
  const { count, seqLen } = sequences;
  const graph = new Graph();
  const shape = { lanes: batchSize, sequences: 1, seqLen };
  const { laneLosses } = buildLoss(model.definition, model.weights(graph), graph, shape);
  graph.output('losses', laneLosses);
  const program = await engine.load(graph);
  return held(
    {
      async run(feeds = {}, onProgress = () => {}) {
        const losses: number[] = [];
        for (let first = 0; first < count; first += batchSize) {
          // The last batch is filled up with sequences that were there before.
          const lanes = Array.from({ length: batchSize }, (_, lane) =>
            sequences.batch([(first + lane) % count]),
          );
          const outputs = await program.run({ ...feeds, ...lossInputs(lanes) });
          losses.push(...Array.from(outputs.losses!.data as Float32Array).slice(0, count - first));
          onProgress(losses.length);
        }
        return { losses, targets: losses.map((_, index) => targetCount(sequences.batch([index]))) };
      },
    },
    () => program.release(),
  );
}

/**
 * The loss of every sequence, `batchSize` sequences at a time.
 *
 * @example
 * ```ts
 * const losses = await sequenceLosses(engine, model, sequences, 4);
 * ```
 */
export async function sequenceLosses(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  sequences: Sequences,
  batchSize: number,
  onProgress: (done: number) => void = () => {},
): Promise<SequenceLosses> {
  await using program = await loadSequenceLosses(engine, model, sequences, batchSize);
  return await program.run({}, onProgress);
}

/** The loss of a model with these weights over every target of a text, `batchSize` sequences at a time. */
export async function evaluateLoss(
  engine: Engine,
  definition: ModelDefinition,
  weights: NamedArrays,
  sequences: Sequences,
  batchSize: number,
): Promise<{ readonly loss: number; readonly targets: number }> {
  const fed = new FedWeights();
  const model = { definition, weights: (graph: Graph) => fed.in(graph) };
  await using program = await loadSequenceLosses(engine, model, sequences, batchSize);
  const losses = await program.run(fed.feeds(weights));
  return { loss: lossPerTarget(losses), targets: losses.targets.reduce((sum, n) => sum + n, 0) };
}

/** L = Σ nᵢ ℓᵢ / Σ nᵢ, nats per target. */
export function lossPerTarget({ losses, targets }: SequenceLosses): number {
  const total = targets.reduce((sum, n) => sum + n, 0);
  return losses.reduce((sum, value, i) => sum + targets[i]! * value, 0) / total;
}

/**
 * The mean loss per target with its 95 % interval over sequences. A ratio of sums, L = Σ nᵢ ℓᵢ / Σ nᵢ: its
 * interval is Student's over L + nᵢ (ℓᵢ − L) / n̄, the first-order expansion, which is ℓᵢ for equal nᵢ.
 *
 * @example
 * ```ts
 * const { mean, low, high } = meanLoss(await sequenceLosses(engine, model, sequences, 4));
 * ```
 */
export function meanLoss(sequences: SequenceLosses): Interval {
  const { losses, targets } = sequences;
  const loss = lossPerTarget(sequences);
  const meanTargets = targets.reduce((sum, n) => sum + n, 0) / targets.length;
  return studentInterval(losses.map((value, i) => loss + (targets[i]! * (value - loss)) / meanTargets));
}

/** The interval of a − b, sequence by sequence: much narrower than either, as hard sequences are hard for both. */
export function lossDifference(a: SequenceLosses, b: SequenceLosses): Interval {
  invariant(a.losses.length === b.losses.length, 'a difference needs the same sequences');
  return meanLoss({ losses: a.losses.map((loss, i) => loss - b.losses[i]!), targets: a.targets });
}
