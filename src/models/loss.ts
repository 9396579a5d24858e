/** The language-model loss: cross-entropy of the next token over the targets that count. */
import { gradients } from '../autodiff/index.ts';
import {
  concat,
  findSegments,
  type Graph,
  gather,
  mul,
  reduceLogSumExp,
  reduceSum,
  reshape,
  slice,
  sub,
  type Value,
} from '../graph/index.ts';
import { float32, int64, type Tensor } from '../numeric/index.ts';
import type { Batch } from '../text/index.ts';
import { softCap } from './decoder/attention.ts';
import type { ModelDefinition } from './definition.ts';
import { ForwardContext, type LinearTrace, type WeightProvider } from './forward.ts';

export interface LossGraph {
  /** Sum over lanes of their mean losses: a scalar, the target of gradients. */
  readonly loss: Value;
  /** [lanes]: mean loss per target of each lane's batch, nats. */
  readonly laneLosses: Value;
  /** [rows, vocabulary]; costs memory only when it is asked for. */
  readonly logits: () => Value;
  readonly traces: readonly LinearTrace[];
  /** Parts of the layers' forward pass that can be made again: about two for each layer. */
  readonly segments: number;
  /** The hidden states [part of rows, hidden] whose logits are made together. */
  readonly chunks: readonly Value[];
}

/** Batches of one shape that stand side by side in a pass; each has a loss, and so a gradient, of its own. */
export interface LossShape {
  readonly lanes: number;
  /** Sequences of one batch. */
  readonly sequences: number;
  readonly seqLen: number;
  /**
   * Segments of the forward pass, counted from the first layer, that the backward pass makes again instead of keeping
   * what is in them; default none.
   */
  readonly recomputed?: number;
}

/** Logits held at once: bounds the largest value of a pass to 26 MB. More chunks read the head's weight more often. */
const LOGITS_PER_CHUNK = 6_500_000;

/**
 * Builds the loss of a model on a batch of this shape; {@link lossInputs} makes its feeds.
 *
 * loss = Σ weight · (logsumexp(h Wᵀ) − h · W[target]): the target's logit is one dot product, so no one-hot and
 * no lookup in the logits is needed, and the gradient is softmax · W less a row of W.
 */
export function buildLoss(
  definition: ModelDefinition,
  weights: WeightProvider,
  graph: Graph,
  { lanes, sequences, seqLen, recomputed = 0 }: LossShape,
): LossGraph {
  const rows = lanes * sequences * seqLen;
  const tokens = graph.input('tokens', 'int64', [lanes * sequences, seqLen]);
  const targets = graph.input('targets', 'int64', [rows]);
  const targetWeights = graph.input('targetWeights', 'float32', [rows]);
  const context = new ForwardContext(graph, weights, lanes * sequences, seqLen);
  const hidden = definition.forward(context, tokens);
  const segments = findSegments(graph);
  for (const segment of segments.slice(0, recomputed)) graph.recompute(segment);
  const head = { name: definition.head, shape: [definition.vocabularySize, definition.hiddenSize] };
  const chunkRows = Math.max(32, Math.min(rows, Math.floor(LOGITS_PER_CHUNK / definition.vocabularySize)));
  const chunks: Value[] = [];
  const logits: Value[] = [];
  const surprises: Value[] = [];
  for (let start = 0; start < rows; start += chunkRows) {
    const end = Math.min(rows, start + chunkRows);
    const part = (value: Value) => (chunkRows >= rows ? value : slice(value, 0, start, end));
    const h = part(hidden);
    const chunk = softCap(context.logits(head, h), definition.logitCap);
    const targetRows = gather(context.weight(head.name, head.shape), part(targets));
    chunks.push(h);
    logits.push(chunk);
    surprises.push(
      sub(reduceLogSumExp(chunk, [1]), softCap(reduceSum(mul(h, targetRows), [1]), definition.logitCap)),
    );
  }
  const join = (parts: Value[]) => (parts.length === 1 ? parts[0]! : concat(parts, 0));
  const weighted = mul(targetWeights, join(surprises));
  const laneLosses = reduceSum(reshape(weighted, [lanes, rows / lanes]), [1]);
  return {
    loss: reduceSum(laneLosses, [0]),
    laneLosses,
    logits: () => join(logits),
    traces: context.traces,
    segments: segments.length,
    chunks,
  };
}

/**
 * Gradients of the loss with respect to values of its graph. The logits of one chunk are done with, and freed, before
 * those of the next are made.
 */
export function lossGradients({ loss, chunks }: LossGraph, wrt: readonly Value[]): Value[] {
  const all = gradients(loss, [...wrt, ...chunks]);
  const ofChunks = all.slice(wrt.length);
  chunks.slice(1).forEach((chunk, index) => {
    loss.graph.evaluateBefore(chunk, [ofChunks[index]!]);
  });
  return all.slice(0, wrt.length);
}

/** The feeds of {@link buildLoss}, a batch per lane: targets are the tokens moved left by one. */
export function lossInputs(batches: readonly Batch[]): Record<string, Tensor> {
  const { sequences, seqLen } = batches[0]!;
  const rows = batches.length * sequences * seqLen;
  const targets = new BigInt64Array(rows);
  const weights = new Float32Array(rows);
  batches.forEach((batch, lane) => {
    const { tokens, lossMask } = batch;
    const weight = 1 / targetCount(batch);
    const first = lane * tokens.length;
    for (let i = 0; i + 1 < tokens.length; i++) {
      if ((i + 1) % seqLen === 0 || lossMask[i + 1] === 0) continue;
      targets[first + i] = BigInt(tokens[i + 1]!);
      weights[first + i] = weight;
    }
  });
  return {
    tokens: int64(
      [batches.length * sequences, seqLen],
      batches.flatMap(({ tokens }) => [...tokens]),
    ),
    targets: { dtype: 'int64', shape: [rows], data: targets },
    targetWeights: float32([rows], weights),
  };
}

/** Targets that count in the loss of a batch. */
export function targetCount({ tokens, lossMask, seqLen }: Batch): number {
  let count = 0;
  for (let i = 1; i < tokens.length; i++) if (i % seqLen !== 0 && lossMask[i] !== 0) count++;
  return count;
}
