/**
 * Our side of the training benchmark: the steps of `torch_train.py`, timed the same way. `core` adapters on every
 * linear layer, from cores of zero, AdamW; each batch of the file is one step.
 *
 *     tsx bench/ours-train.ts '{"model": DIR, "tokens": FILE, "frames": FILE, "compute": "float32"}'
 */

import { type LayerAdapter, trainedArrays } from '../src/adapters/index.ts';
import { Graph, matmul } from '../src/graph/index.ts';
import { openModel } from '../src/models/index.ts';
import { createRng, float32, type Tensor } from '../src/numeric/index.ts';
import { createOnnxEngine, type Engine } from '../src/runtime/index.ts';
import { adamw, loadAdapterGradients, trainingSteps } from '../src/training/index.ts';
import { readBatches } from './files.ts';

interface OursOptions {
  readonly model: string;
  readonly tokens: string;
  readonly frames: string;
  readonly compute: 'float32' | 'int8';
  readonly rank: number;
  readonly threads: number;
  readonly warmUp: number;
  readonly cacheFolder: string;
}

const LEARNING_RATE = 1e-3;
const WEIGHT_DECAY = 0.01;

const options: OursOptions = JSON.parse(process.argv[2]!);
const model = await openModel(options.model, { compute: options.compute, cacheFolder: options.cacheFolder });
const batches = readBatches(options.tokens);
const { sequences, seqLen } = batches[0]!;
const layers = model.definition.layers.map((layer): LayerAdapter => {
  // The graph maps the frames from their file: here only their shapes count.
  const frame = (rows: number): Tensor => ({
    dtype: 'float32',
    shape: [rows, options.rank],
    data: new Float32Array(0),
  });
  return {
    layer,
    family: 'core',
    basis: 'random',
    rank: options.rank,
    scale: 1,
    frozen: { u: frame(layer.inFeatures), v: frame(layer.outFeatures) },
    trained: { m: float32([options.rank, options.rank], new Float32Array(options.rank ** 2)) },
  };
});
const engine = createOnnxEngine({ threads: options.threads });
const program = await loadAdapterGradients(engine, model, layers, {
  batchSize: sequences,
  seqLen,
  dropout: 0,
  mapped: options.frames,
});
const parameters = trainedArrays({ layers });
const optimizer = adamw({ weightDecay: WEIGHT_DECAY, decayed: new Set(Object.keys(parameters)) });
const state = optimizer.init(parameters);
const loop = trainingSteps({
  parameters,
  optimizer,
  state: { optimizer: state, sequencesTaken: 0 },
  stream: { batch: (taken) => batches[taken / sequences]! },
  perStep: sequences,
  steps: batches.length,
  gradient: (batch, step) => program.run(batch, createRng(step)),
  learningRate: () => LEARNING_RATE,
  clip: null,
});
const losses: number[] = [];
const seconds: number[] = [];
let began = performance.now();
for await (const step of loop) {
  losses.push(step.update().loss);
  const ended = performance.now();
  seconds.push((ended - began) / 1000);
  began = ended;
}
const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
await program.release();
const productFlops = await bestProduct(engine);
await engine.close();
process.stdout.write(
  JSON.stringify({ seconds: seconds.slice(options.warmUp), peakMemoryBytes, losses, productFlops }),
);

/** Multiplications and additions a second of the best of several float32 products: no less than the machine has. */
async function bestProduct(engine: Engine, size = 1024, tries = 10, products = 8): Promise<number> {
  const graph = new Graph();
  const random = createRng(1);
  const weight = () =>
    graph.constant(
      float32(
        [size, size],
        Float32Array.from({ length: size ** 2 }, () => random.normal() / 32),
      ),
    );
  // A chain, so that the cost of a run vanishes beside the products.
  let value = graph.input('x', 'float32', [size, size]);
  const right = weight();
  const x = value;
  for (let i = 0; i < products; i++) value = matmul(value, right);
  graph.output('y', value);
  const program = await engine.load(graph);
  const feeds = { x: float32(x.shape, new Float32Array(size ** 2).fill(1)) };
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i++) {
    const began = performance.now();
    await program.run(feeds);
    best = Math.min(best, (performance.now() - began) / 1000);
  }
  await program.release();
  return (2 * size ** 3 * products) / best;
}
