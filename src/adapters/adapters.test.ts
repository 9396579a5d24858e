import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadReference, relativeError } from '../../test/support/reference.ts';
import { gradients } from '../autodiff/index.ts';
import { parameterCount } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import { Graph } from '../graph/index.ts';
import {
  buildLoss,
  floatProducts,
  lossInputs,
  type Model,
  openModel,
  type WeightProvider,
} from '../models/index.ts';
import { createRng, haarFrame, multiply, singularValues, sizeOf, type Tensor } from '../numeric/index.ts';
import { ADAPTER_FAMILIES, FAMILIES } from '../record/index.ts';
import { createReferenceEngine } from '../runtime/index.ts';
import type { Adapter, LayerAdapter } from './adapter.ts';
import { loadAdapter, saveAdapter } from './adapter-files.ts';

import {
  adaptedModel,
  adapterDelta,
  adapterFeeds,
  adapterValues,
  mergeLayer,
  withAdapters,
} from './graph-values.ts';
import { adapterFactors, trainedShapes, updateSpectrum } from './layer-update.ts';
import { times } from './small-products.ts';
import { createAdapter, startLayerAdapter } from './start.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const engine = createReferenceEngine();
const reference = loadReference('llama');
const { sequences, seqLen } = reference.batches[0]!;
let model: Model;
let gpt2: Model;
beforeAll(async () => {
  model = await openModel(reference.folder, { cacheFolder: folder });
  gpt2 = await openModel(loadReference('gpt2').folder, { cacheFolder: folder });
});

/** An adapter of every family in turn, one per layer, with random trained parameters. */
async function mixedAdapter(of: Model): Promise<Adapter> {
  const rng = createRng(3);
  const layers: LayerAdapter[] = [];
  for (const [index, layer] of of.definition.layers.entries()) {
    const family = ADAPTER_FAMILIES[index % ADAPTER_FAMILIES.length]!;
    const rank = family === 'full' ? Math.min(layer.inFeatures, layer.outFeatures) : 3;
    const frame = {
      u: await haarFrame(layer.inFeatures, rank, rng),
      v: await haarFrame(layer.outFeatures, rank, rng),
    };
    const start = { start: 'zero' as const, rng };
    const adapter = startLayerAdapter({ layer, family, basis: 'random', rank, scale: 0.5 }, frame, start);
    for (const { data } of Object.values(adapter.trained)) {
      for (let i = 0; i < data.length; i++) data[i] = 0.1 * rng.normal();
    }
    layers.push(adapter);
  }
  return createAdapter(of, layers);
}

/** Loss of batch 0 by the given weights, in float64. */
async function lossOf(
  of: Model,
  weights: (graph: Graph) => WeightProvider,
  feeds: Record<string, Tensor> = {},
) {
  const graph = new Graph();
  const shape = { lanes: 1, sequences, seqLen };
  graph.output('loss', buildLoss(of.definition, weights(graph), graph, shape).loss);
  const program = await engine.load(graph);
  const batch = (of === model ? reference : loadReference('gpt2')).batches.slice(0, 1);
  const outputs = await program.run({ ...lossInputs(batch), ...feeds });
  return outputs.loss!.data[0] as number;
}

describe('an adapter in a graph', () => {
  it('moves the loss exactly as W + ΔW does', async () => {
    for (const of of [model, gpt2]) {
      const adapter = await mixedAdapter(of);
      const merged = new Map(
        adapter.layers.map((one) => [one.layer.name, mergeLayer(one, of.readLayer(one.layer))]),
      );
      const base = await lossOf(of, (graph) => of.weights(graph));
      const expected = await lossOf(of, (graph) => {
        const plain = of.weights(graph);
        const value: WeightProvider['value'] = (weight) => {
          const data = merged.get(weight.name.replace(/\.weight$/, ''));
          return data === undefined
            ? plain.value(weight)
            : graph.constant({ dtype: 'float32', shape: weight.shape, data });
        };
        return floatProducts(value);
      });
      const factored = await lossOf(of, (graph) => adaptedModel(of, adapter).weights(graph));
      const fed = await lossOf(
        of,
        (graph) => withAdapters(of.weights(graph), adapter.layers, adapterValues(graph, adapter.layers)),
        adapterFeeds(adapter.layers),
      );
      expect(Math.abs(expected - base)).toBeGreaterThan(1e-3);
      expect(Math.abs(factored - expected)).toBeLessThan(1e-6);
      expect(fed).toBe(factored);
    }
  });

  it('changes nothing at its start', async () => {
    const rng = createRng(1);
    const layers: LayerAdapter[] = [];
    for (const layer of model.definition.layers) {
      const frame = {
        u: await haarFrame(layer.inFeatures, 2, rng),
        v: await haarFrame(layer.outFeatures, 2, rng),
      };
      const plan = { layer, family: 'factors' as const, basis: 'random', rank: 2, scale: 1 };
      layers.push(startLayerAdapter(plan, frame, { start: 'zero', rng }));
    }
    const adapter = await createAdapter(model, layers);
    const before = await lossOf(model, (graph) => model.weights(graph));
    expect(await lossOf(model, (graph) => adaptedModel(model, adapter).weights(graph))).toBe(before);
    const p = layers.flatMap(({ trained, layer }) =>
      [...(trained.p!.data as Float32Array)].map((value) => value ** 2 * 3 * layer.inFeatures),
    );
    expect(p.reduce((sum, value) => sum + value, 0) / p.length).toBeCloseTo(1, 0);
  });

  it.each(FAMILIES)('trains as many numbers as coverage says: %s', (family) => {
    const shapes = Object.values(trainedShapes(family, { inFeatures: 12, outFeatures: 9 }, 4));
    const trained = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
    expect(trained).toBe(parameterCount(family, 12, 9, 4));
  });

  it('starts cores with noise of 1e-5 when asked', async () => {
    const rng = createRng(9);
    const layer = gpt2.definition.layers[0]!;
    const frame = {
      u: await haarFrame(layer.inFeatures, 20, rng),
      v: await haarFrame(layer.outFeatures, 20, rng),
    };
    const plan = { layer, family: 'core' as const, basis: 'svd', rank: 20, scale: 1 };
    const core = startLayerAdapter(plan, frame, { start: 'noise', rng }).trained.m!.data as Float32Array;
    const deviation = Math.sqrt(core.reduce((sum, x) => sum + x * x, 0) / core.length);
    expect(deviation / 1e-5).toBeCloseTo(1, 0);
  });

  it('forms no weight gradient', async () => {
    const graph = new Graph();
    const adapter = await mixedAdapter(model);
    const layers = adapter.layers.filter(({ family }) => family !== 'full');
    const values = adapterValues(graph, layers);
    const provider = withAdapters(model.weights(graph), layers, values);
    const { loss } = buildLoss(model.definition, provider, graph, { lanes: 1, sequences, seqLen });
    for (const [index, gradient] of gradients(loss, [...values.trained.values()]).entries())
      graph.output(`gradient ${index}`, gradient);
    const sizes = new Set(
      layers.flatMap(({ layer }) => [
        `${layer.inFeatures},${layer.outFeatures}`,
        `${layer.outFeatures},${layer.inFeatures}`,
      ]),
    );
    const formed = graph.liveNodes().flatMap(({ outputs }) => outputs.map(({ shape }) => shape.join()));
    expect(formed.filter((shape) => sizes.has(shape))).toEqual([]);
  });

  it('is its two factors', async () => {
    const { layers } = await mixedAdapter(gpt2);
    for (const one of layers) {
      const { left, right } = adapterFactors(one);
      const weight = gpt2.readLayer(one.layer);
      const merged = mergeLayer(one, weight);
      const update = times(left, right);
      expect(one.layer.stored).toBe('in-out');
      expect(
        relativeError(
          merged.map((value, i) => value - weight[i]!),
          update.data,
        ),
      ).toBeLessThan(1e-5);
      if (one.family !== 'full') expect(left.cols).toBe(3);
    }
  });
});

describe('the spectrum of an update', () => {
  it('is that of ΔW', async () => {
    for (const of of [model, gpt2]) {
      for (const one of (await mixedAdapter(of)).layers) {
        const got = (await updateSpectrum(one, multiply)).toSorted().toReversed();
        const expected = await singularValues(adapterDelta(one));
        const scale = expected[0]!;
        got.forEach((value, i) => {
          expect(Math.abs(value - expected[i]!) / scale, `${one.family} ${i}`).toBeLessThan(1e-6);
        });
        expect(Math.abs((expected[got.length] ?? 0) / scale)).toBeLessThan(1e-6);
      }
    }
  });
});

describe('an adapter on disk', () => {
  it('comes back bit for bit', async () => {
    const adapter = await mixedAdapter(model);
    const path = join(folder, 'saved');
    await saveAdapter(path, adapter);
    const loaded = await loadAdapter(path, model);
    expect(loaded.record).toEqual(adapter.record);
    // What a layer does in its model is the model's to say.
    const layers = adapter.layers.map((one) => ({ ...one, layer: { ...one.layer, role: undefined } }));
    expect(loaded.layers).toEqual(layers);
    expect((await loadAdapter(join(path, 'adapter.json'))).layers).toEqual(layers);
  });

  it('is refused for another model, or when its files do not fit', async () => {
    const adapter = await mixedAdapter(model);
    const path = join(folder, 'refused');
    await saveAdapter(path, adapter);
    expect(await codeOf(loadAdapter(path, gpt2))).toBe('adapter-of-another-model');
    const other = await openModel(reference.folder, { cacheFolder: folder });
    const changed = { ...other, checkpoint: { ...other.checkpoint, sha256: async () => 'another' } };
    expect(await codeOf(loadAdapter(path, changed))).toBe('adapter-of-another-model');
    const json = join(path, 'adapter.json');
    const record = JSON.parse(readFileSync(json, 'utf8'));
    writeFileSync(json, JSON.stringify({ ...record, layers: record.layers.slice(1) }));
    expect(await codeOf(loadAdapter(path))).toBe('adapter-damaged');
    record.layers[0].rank = 4;
    writeFileSync(json, JSON.stringify(record));
    expect(await codeOf(loadAdapter(path))).toBe('adapter-damaged');
    writeFileSync(json, JSON.stringify({ ...record, version: 2 }));
    expect(await codeOf(loadAdapter(path))).toBe('record-wrong-kind');
    expect(await codeOf(loadAdapter(join(folder, 'nowhere')))).toBe('file-not-found');
  });
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof UserError ? error.code : String(error);
}
