/** How a training keeps within a bound of memory. */
import {
  type AdapterPlan,
  adapterValues,
  frozenShapes,
  type LayerAdapter,
  trainedShapes,
  withAdapters,
} from '../adapters/index.ts';
import { type CalibrationRoom, fitRecomputed, type MemoryUse, USUAL_ROOM } from '../coverage/index.ts';
import { estimatePeakBytes, Graph, mappedBytes } from '../graph/index.ts';
import type { Model } from '../models/index.ts';
import { sizeOf, type Tensor } from '../numeric/index.ts';
import {
  ENGINE_SLACK,
  formatBytes,
  type MemoryBound,
  PROCESS_BYTES,
  refuseMemory,
} from '../runtime/index.ts';
import { buildLossGradients } from './loss-gradients.ts';

export interface TrainingMemory extends MemoryUse {
  /** Segments of a pass that are made again. */
  readonly recomputed: number;
  /** For the frames at the start. */
  readonly room: CalibrationRoom;
}

/** Of the trained parameters: themselves, their gradients of two passes, two moments of an optimizer, a saved copy. */
const PARAMETER_COPIES = 6;

/**
 * Fits the passes of a training into the bound: the fewest segments that are needed are computed twice, which changes
 * no number.
 *
 * @throws UserError `memory-bound` when it does not fit even so.
 */
export function planTraining(
  model: Model,
  plans: AdapterPlan['layers'],
  { batchSize, seqLen }: { readonly batchSize: number; readonly seqLen: number },
  bound: MemoryBound,
): TrainingMemory {
  const layers = plans.map(outline);
  const sizeOfAll = (tensors: LayerAdapter['trained' | 'frozen'][]) =>
    tensors.reduce(
      (sum, group) => sum + Object.values(group).reduce((all, { shape }) => all + 4 * sizeOf(shape), 0),
      0,
    );
  const parameters = sizeOfAll(layers.map(({ trained }) => trained));
  const frames = sizeOfAll(layers.map(({ frozen }) => frozen));
  const build = (recomputed: number) => {
    const graph = new Graph();
    const values = adapterValues(graph, layers);
    const adapted = {
      definition: model.definition,
      weights: withAdapters(model.weights(graph), layers, values),
    };
    const shape = { sequences: batchSize, seqLen, recomputed };
    return { graph, segments: buildLossGradients(graph, adapted, () => values.trained, shape) };
  };
  const { graph, segments } = build(0);
  const mapped = [...mappedBytes(graph).values()].reduce((sum, bytes) => sum + bytes, 0);
  const fixed = PROCESS_BYTES + mapped + PARAMETER_COPIES * parameters + 3 * frames;
  const bytesOf = (count: number) => fixed + ENGINE_SLACK * estimatePeakBytes(build(count).graph);
  const { recomputed, bytes } = fitRecomputed(segments, bytesOf, bound.bytes);
  if (bytes > bound.bytes) {
    throw refuseMemory(
      'this training',
      bound,
      bytes,
      (option) =>
        `raise ${option('memory')}, lower ${option('seqLen')}, or lower ${option('batchSize')} and raise ` +
        `${option('accumulation')} by as much`,
    );
  }
  const left = Math.max(0, bound.bytes - fixed);
  const note = `To keep within ${formatBytes(bound.bytes)} of memory (${bound.whence}), ${recomputed} of ${segments} segments of a pass are computed twice instead of being kept.`;
  return {
    recomputed,
    room: {
      moments: Math.min(USUAL_ROOM.moments, 0.5 * left),
      together: Math.min(USUAL_ROOM.together, 0.3 * left),
      pass: bound.asked ? 0.4 * left : USUAL_ROOM.pass,
    },
    estimatedBytes: Math.round(bytes),
    boundBytes: bound.bytes,
    notes: recomputed === 0 ? [] : [note],
  };
}

/** An adapter's shapes without its numbers. */
function outline({ layer, family, basis, rank, scale }: AdapterPlan['layers'][number]): LayerAdapter {
  const empty = (shapes: Readonly<Record<string, readonly number[]>>): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(shapes).map(([part, shape]) => [
        part,
        { dtype: 'float32', shape, data: new Float32Array() },
      ]),
    );
  const frozen = empty(frozenShapes(family, layer, rank));
  return { layer, family, basis, rank, scale, frozen, trained: empty(trainedShapes(family, layer, rank)) };
}
