/** What a probe and a training step will take here, before they are begun: estimates, and said to be. */
import { uniformPlan } from '../adapters/index.ts';
import { estimateProbe } from '../coverage/index.ts';
import { Graph, matmul } from '../graph/index.ts';
import { type InspectedModel, sketchModel } from '../models/index.ts';
import { float32 } from '../numeric/index.ts';
import { TRAIN_OPTIONS } from '../record/index.ts';
import { createOnnxEngine, memoryBound, Owner } from '../runtime/index.ts';
import { planTraining } from '../training/index.ts';

interface Cost {
  /** What was assumed, in words. */
  readonly of: string;
  /** Peak memory, where nothing has to be computed in parts. */
  readonly bytes: number;
  /** Floating-point operations. */
  readonly operations: number;
  readonly seconds: number;
}

export interface Costs {
  /** Measured with products of matrices as large as the model's. */
  readonly operationsPerSecond: number;
  /** Memory that a run may take here. */
  readonly boundBytes: number;
  readonly probe: Cost;
  readonly trainingStep: Cost;
}

/** How long products are timed, milliseconds. */
const TIMED_MS = 300;
/** Rank of the adapter that a training step is estimated for. */
const RANK = 16;

/** Estimates for the defaults of `probe`, and for a step of LoRA on all layers. Nothing of the model is read. */
export async function estimateCosts(inspected: InspectedModel): Promise<Costs> {
  const model = sketchModel(inspected);
  const { layers, hiddenSize, vocabularySize, contextLength } = inspected.definition;
  const boundless = { bytes: Number.POSITIVE_INFINITY, whence: '', asked: false };
  const batchSize = TRAIN_OPTIONS.batchSize.default;
  const seqLen = Math.min(TRAIN_OPTIONS.seqLen.default, contextLength);
  const choice = { adapter: 'factors', basis: 'random', rank: RANK, scale: 1, layers: '*' } as const;
  const plan = uniformPlan(layers, choice, undefined);
  const training = planTraining(model, plan.layers, { batchSize, seqLen }, boundless);
  const probe = estimateProbe(model, {});
  const sides = layers.reduce((sum, layer) => sum + layer.inFeatures + layer.outFeatures, 0);
  const products = layers.reduce((sum, layer) => sum + layer.inFeatures * layer.outFeatures, 0);
  const tokens = batchSize * seqLen;
  // Forward and backward through frozen products, and three times through the factors, which have gradients.
  const operations = tokens * (4 * (products + hiddenSize * vocabularySize) + 6 * RANK * sides);
  const pace = await measurePace(tokens, inspected);
  return {
    operationsPerSecond: Math.round(pace),
    boundBytes: memoryBound().bytes,
    probe: { ...probe, seconds: probe.operations / pace },
    trainingStep: {
      of: `LoRA, r = ${RANK}, all layers, ${batchSize}×${seqLen} tokens`,
      bytes: training.estimatedBytes,
      operations,
      seconds: operations / pace,
    },
  };
}

/** Operations a second of products with a matrix of the size of the model's largest, at most 4096 a side. */
async function measurePace(tokens: number, { definition }: InspectedModel): Promise<number> {
  const [layer] = definition.layers.toSorted(
    (a, b) => b.inFeatures * b.outFeatures - a.inFeatures * a.outFeatures,
  );
  const [m, n] = [layer!.inFeatures, layer!.outFeatures].map((side) => Math.min(side, 4096)) as [
    number,
    number,
  ];
  const engine = createOnnxEngine();
  try {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [tokens, m]);
    const w = graph.input('w', 'float32', [m, n]);
    // Small results: only the product should be timed, not its way between threads.
    graph.output('y', matmul(graph.input('row', 'float32', [1, tokens]), matmul(x, w)));
    await using owner = new Owner();
    const program = await owner.own(engine.load(graph));
    const zeros = (rows: number, columns: number) =>
      owner.own(engine.keep(float32([rows, columns], new Float32Array(rows * columns))));
    const feeds = { x: await zeros(tokens, m), w: await zeros(m, n), row: await zeros(1, tokens) };
    await program.run(feeds);
    const started = performance.now();
    let runs = 0;
    do {
      await program.run(feeds);
      runs++;
    } while (performance.now() - started < TIMED_MS);
    return (2 * runs * tokens * m * n * 1000) / (performance.now() - started);
  } finally {
    await engine.close();
  }
}
