/** The graphs that are kept as text: what a pass of a probe and of a training of each tiny model become, node for node. */
import { fileURLToPath } from 'node:url';
import { startLayerAdapter } from '../../src/adapters/index.ts';
import { buildPass, collectMeasurements, type FrameSet } from '../../src/coverage/index.ts';
import { type Graph, printGraph } from '../../src/graph/index.ts';
import { type LinearLayer, openModel } from '../../src/models/index.ts';
import { createRng, haarFrame, type Rng } from '../../src/numeric/index.ts';
import { createReferenceEngine, type Engine } from '../../src/runtime/index.ts';
import { loadAdapterGradients } from '../../src/training/index.ts';

const MODELS = ['gpt2', 'llama'] as const;
const RANK = 4;
const [BATCH_SIZE, SEQ_LEN] = [2, 8];

export interface Golden {
  readonly file: string;
  print(): Promise<string>;
}

export const GOLDENS: readonly Golden[] = MODELS.flatMap((model) =>
  Object.entries({ measuring, training }).map(([pass, build]) => ({
    file: fileURLToPath(new URL(`../golden/${model}-${pass}.txt`, import.meta.url)),
    print: async () => printGraph(await build(model)),
  })),
);

const open = (name: string) =>
  openModel(fileURLToPath(new URL(`../reference/models/${name}`, import.meta.url)));

/** Two batches side by side, frames of one basis, natural coverage and all families. */
async function measuring(name: string): Promise<Graph> {
  const model = await open(name);
  const { layers } = model.definition;
  const pass = buildPass(model, layers, { lanes: 2, sequences: BATCH_SIZE, seqLen: SEQ_LEN });
  const permutation = Array.from({ length: 2 * BATCH_SIZE * SEQ_LEN }, (_, row) => row);
  const plan = { lanes: 2, oneSided: true, natural: true, summed: true, permutation } as const;
  collectMeasurements(pass.graph, pass.layers, [framesOf(layers)], plan);
  return pass.graph;
}

/** Their places in a file that nobody opens. */
function framesOf(layers: readonly LinearLayer[]): FrameSet {
  const side = (name: string, rows: number) => ({
    name,
    shape: [rows, RANK] as const,
    data: { path: 'frames.safetensors', offset: 0, length: 4 * rows * RANK },
  });
  const frames = layers.map(({ name, inFeatures, outFeatures }) => {
    const frame = { rank: RANK, u: side(`${name}/u`, inFeatures), v: side(`${name}/v`, outFeatures) };
    return [name, frame] as const;
  });
  return { label: 'frames', frames: new Map(frames) };
}

/** A core adapter on every layer, and the gradients of its trained arrays. */
async function training(name: string): Promise<Graph> {
  const model = await open(name);
  const rng = createRng(0);
  const adapters = await Promise.all(model.definition.layers.map((layer) => adapterOn(layer, rng)));
  let loaded: Graph | undefined;
  const engine: Engine = {
    ...createReferenceEngine(),
    load: (graph) => {
      loaded = graph;
      return createReferenceEngine().load(graph);
    },
  };
  const pass = { batchSize: BATCH_SIZE, seqLen: SEQ_LEN, dropout: 0 };
  await using _ = await loadAdapterGradients(engine, model, adapters, pass);
  return loaded!;
}

async function adapterOn(layer: LinearLayer, rng: Rng) {
  const frame = {
    u: await haarFrame(layer.inFeatures, RANK, rng),
    v: await haarFrame(layer.outFeatures, RANK, rng),
  };
  const plan = { layer, family: 'core', basis: 'random', rank: RANK, scale: 1 } as const;
  return startLayerAdapter(plan, frame, { start: 'zero', rng });
}
