/** Where a training step broke down. */

import { adapterFeeds, adapterValues, type LayerAdapter, withAdapters } from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { Graph, mul, reduceSum } from '../graph/index.ts';
import { buildLoss, lossInputs, type Model } from '../models/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import { piecesOf } from './fed-weights.ts';
import type { ReadyStep } from './loop.ts';
import type { NamedArrays } from './named-arrays.ts';

/** The first array with an entry that is not finite, by name; null when all are finite. */
export function firstNotFinite(arrays: NamedArrays): string | null {
  for (const [name, values] of Object.entries(arrays)) if (!values.every(Number.isFinite)) return name;
  return null;
}

/**
 * The first layer, in order of the forward pass, whose output on the batch is not finite; null when all are.
 * 0 · y is 0 where y is finite and NaN elsewhere, so one sum per layer tells.
 */
async function firstBrokenLayer(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  layers: readonly LayerAdapter[],
  batch: Batch,
  batchSize: number,
): Promise<string | null> {
  const graph = new Graph();
  const provider = withAdapters(model.weights(graph), layers, adapterValues(graph, layers));
  const shape = { lanes: 1, sequences: batchSize, seqLen: batch.seqLen };
  const { traces } = buildLoss(model.definition, provider, graph, shape);
  for (const { layer, y } of traces)
    graph.output(layer.name, reduceSum(mul(y, graph.scalar(0)), [0, 1], { keepDimensions: true }));
  await using program = await engine.load(graph);
  for (const piece of piecesOf(batch, batchSize)) {
    // The sums need tokens only; the graph still declares the inputs of the loss.
    const outputs = await program.run({ ...lossInputs([piece]), ...adapterFeeds(layers) });
    const broken = traces.find(({ layer }) => !Number.isFinite(Number(outputs[layer.name]!.data[0])));
    if (broken !== undefined) return broken.layer.name;
  }
  return null;
}

/**
 * Throws {@link UserError} `training-diverged`, naming the step and the layer, unless loss and gradients are finite.
 *
 * @param lastGood the step of the checkpoint that is kept when this one fails.
 */
export async function refuseBrokenStep(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  layers: readonly LayerAdapter[],
  batchSize: number,
  ready: ReadyStep,
  lastGood: number,
): Promise<void> {
  const { step, batch, loss, gradients, gradientNorm } = ready;
  if (!Number.isFinite(loss)) {
    const layer = await firstBrokenLayer(engine, model, layers, batch, batchSize);
    throw trainingDiverged(step, layer ?? 'the head of the model', ready, lastGood);
  }
  if (!Number.isFinite(gradientNorm))
    throw trainingDiverged(step, firstNotFinite(gradients) ?? 'the sum of all gradients', ready, lastGood);
}

/** The error of a run that broke down at a step. */
export function trainingDiverged(
  step: number,
  where: string,
  numbers: { readonly loss: number; readonly gradientNorm: number },
  lastGood: number,
): UserError {
  return new UserError('training-diverged', (option) => ({
    what: `training broke down at step ${step}, first in ${where}`,
    got: `loss ${numbers.loss}, gradient norm ${numbers.gradientNorm}`,
    expected: 'finite numbers',
    fix: `lower ${option('learningRate')} or lengthen ${option('warmup')}; the checkpoint of step ${lastGood} is kept`,
  }));
}
