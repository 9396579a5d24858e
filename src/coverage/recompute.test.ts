/** Passes that make segments again against those that keep everything, on both architectures. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadReference } from '../../test/support/reference.ts';
import { estimatePeakBytes, type Graph } from '../graph/index.ts';
import { lossInputs, openModel } from '../models/index.ts';
import { createRng, float32, haarFrame } from '../numeric/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { frameRank, placeFrames } from './frame.ts';
import { buildMeasuringPass, measurePlan, passInputs } from './measure.ts';
import { buildMomentsPass } from './moments-pass.ts';
import { buildPass } from './pass.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine({ threads: 2 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const RANK = 4;

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  const reference = loadReference(name);
  const [batch] = reference.batches as [(typeof reference.batches)[0]];
  const opened = openModel(reference.folder, { cacheFolder: folder });
  /** Every output, and how many nodes made them. */
  const run = async (graph: Graph, more: Record<string, ReturnType<typeof float32>> = {}) => {
    const program = await engine.load(graph);
    const outputs = await program.run({ ...lossInputs(more.perTarget ? [batch] : [batch, batch]), ...more });
    await program.release();
    return { outputs, nodes: graph.liveNodes().length };
  };

  it.each([
    { families: ['core', 'left', 'factors'] as const, spectra: false },
    { families: ['core'] as const, spectra: true },
  ])('measuring passes say the same, to the last bit ($families)', async ({ families, spectra }) => {
    const model = await opened;
    const { layers } = model.definition;
    const frames = new Map(
      await Promise.all(
        layers.map(async (layer) => {
          const rank = frameRank(layer, RANK);
          const side = (rows: number) => haarFrame(rows, rank, createRng(rows));
          const frame = { u: await side(layer.inFeatures), v: await side(layer.outFeatures) };
          return [layer.name, frame] as const;
        }),
      ),
    );
    const path = join(folder, `${name}-${families.length}.safetensors`);
    const sets = await placeFrames(path, [{ label: 'random', frames }]);
    const { sequences: batchSize, seqLen } = batch;
    const settings = { families, natural: true, batches: 2, batchSize, seqLen };
    const plan = { ...measurePlan(settings, createRng(0)), spectra };
    const build = (recomputed: number) =>
      run(
        buildMeasuringPass(model, layers, sets, settings, plan, recomputed).graph,
        passInputs([batch, batch], plan) as Record<string, ReturnType<typeof float32>>,
      );
    const [plain, some, all] = [await build(0), await build(2), await build(Number.POSITIVE_INFINITY)];
    expect(some.outputs).toEqual(plain.outputs);
    expect(all.outputs).toEqual(plain.outputs);
    expect(some.nodes).toBeGreaterThan(plain.nodes);
    expect(all.nodes).toBeGreaterThan(some.nodes);
  });

  it('keep less', async () => {
    const model = await opened;
    const bytes = [0, 1, 2, 3].map((recomputed) => {
      const shape = { lanes: 1, sequences: 16, seqLen: batch.seqLen, recomputed };
      const { graph, layers } = buildPass(model, model.definition.layers.slice(0, 1), shape);
      graph.output('dy', layers[0]!.dy);
      return estimatePeakBytes(graph);
    });
    expect(bytes).toEqual(bytes.toSorted((a, b) => b - a));
    expect(bytes.at(-1)).toBeLessThan(0.8 * bytes[0]!);
  });

  it('moments are the same, of all layers and of the last ones', async () => {
    const model = await opened;
    const { sequences, seqLen } = batch;
    for (const layers of [model.definition.layers, model.definition.layers.slice(-3)]) {
      const build = async (recomputed: number) => {
        const wanted = { gradient: true, second: true };
        const { graph } = buildMomentsPass(model, layers, wanted, sequences, seqLen, recomputed);
        const before = [...graph.inputs].filter(([input]) => input.endsWith('|before'));
        const zeros = before.map(([input, { shape }]) => [
          input,
          float32(shape, new Float32Array(shape[0]! * shape[1]!)),
        ]);
        return run(graph, {
          ...Object.fromEntries(zeros),
          perTarget: float32([1], [1 / 8]),
          targetCount: float32([1], [8]),
        });
      };
      const [plain, all] = [await build(0), await build(Number.POSITIVE_INFINITY)];
      expect(all.outputs).toEqual(plain.outputs);
    }
  });
});
