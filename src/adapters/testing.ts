/** Adapters for tests: random frames and random trained values, no training run needed. */
import { Graph } from '../graph/index.ts';
import { buildLoss, lossInputs, type Model } from '../models/index.ts';
import { createRng, float32, sizeOf, type Tensor } from '../numeric/index.ts';
import type { AdapterFamily } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import type { Adapter, LayerAdapter } from './adapter.ts';
import { FAMILY_RULES } from './families.ts';
import { trainedShapes } from './layer-update.ts';
import { createAdapter } from './start.ts';

/** One layer of a test adapter. */
export interface TestLayer {
  /** End of the module's name; every layer that has it gets an adapter. */
  readonly end: string;
  readonly family: AdapterFamily;
  readonly rank: number;
}

/** An adapter whose tensors are all normal numbers of variance `size`² / K, so that its effect is plain to see. */
export function randomAdapter(model: Model, plan: readonly TestLayer[], size = 1): Promise<Adapter> {
  const rng = createRng(7);
  const layers = model.definition.layers.flatMap((layer) => {
    const entry = plan.find(({ end }) => layer.name.endsWith(end));
    if (entry === undefined) return [];
    const { family, rank } = entry;
    const normal = (shape: readonly number[]): Tensor => {
      const values = Array.from({ length: sizeOf(shape) }, () => (size * rng.normal()) / Math.sqrt(rank));
      return float32(shape, values);
    };
    const sides = { u: [layer.inFeatures, rank], v: [layer.outFeatures, rank] };
    const adapter: LayerAdapter = {
      layer,
      family,
      basis: 'random',
      rank,
      scale: 0.5,
      frozen: Object.fromEntries(FAMILY_RULES[family].frozen.map((side) => [side, normal(sides[side])])),
      trained: Object.fromEntries(
        Object.entries(trainedShapes(family, layer, rank)).map(([part, shape]) => [part, normal(shape)]),
      ),
    };
    return [adapter];
  });
  return createAdapter(model, layers);
}

/** Logits `[sequences · seqLen, vocabulary]` of a model on a batch. */
export async function logitsOf(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  batch: Batch,
): Promise<Float32Array> {
  const graph = new Graph();
  const { sequences, seqLen } = batch;
  const { logits } = buildLoss(model.definition, model.weights(graph), graph, {
    lanes: 1,
    sequences,
    seqLen,
  });
  graph.output('logits', logits());
  await using program = await engine.load(graph);
  const inputs = lossInputs([batch]);
  const outputs = await program.run(inputs);
  return outputs.logits!.data as Float32Array;
}
