/** Training of every adapter family on whole models, against PyTorch in float64. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapterDelta, type LayerAdapter, startLayerAdapter, trainedArrays } from '../src/adapters/index.ts';
import { readTensors } from '../src/checkpoint/index.ts';
import type { Frame } from '../src/coverage/index.ts';
import { type Model, openModel } from '../src/models/index.ts';
import { createRng, matrix } from '../src/numeric/index.ts';
import { ADAPTER_FAMILIES, type AdapterFamily, FAMILIES } from '../src/record/index.ts';
import { createOnnxEngine, createReferenceEngine } from '../src/runtime/index.ts';
import { adamw, clipByGlobalNorm, loadAdapterGradients, sgd } from '../src/training/index.ts';
import { measureAdapter } from '../src/training/train-coverage.ts';
import { loadReference, relativeError } from './support/reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine();
const rng = createRng(0);
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Expected {
  readonly settings: {
    readonly rank: number;
    readonly scale: number;
    readonly weightDecay: number;
    readonly learningRate: Record<'adamw' | 'sgd', number>;
    readonly clip: Record<'adamw' | 'sgd', number>;
    readonly sequencesPerPass: number;
  };
  readonly cases: Record<string, { readonly losses: number[]; readonly gradientNorms: number[] }>;
}

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  const reference = loadReference(name);
  const base = fileURLToPath(new URL(`reference/training/${name}`, import.meta.url));
  const { settings, cases } = JSON.parse(readFileSync(`${base}.json`, 'utf8')) as Expected;
  const { tensors } = readTensors(`${base}.safetensors`);
  const { seqLen } = reference.batches[0]!;
  let model: Model;
  beforeAll(async () => {
    model = await openModel(reference.folder, { cacheFolder: folder });
  });

  const start = (family: AdapterFamily, rank: number, scale: number): LayerAdapter[] =>
    model.definition.layers.map((layer) => {
      const side = (part: 'u' | 'v') => {
        const { shape, data } = reference.tensors.get(`frames/svd/${layer.name}/${part}`)!;
        return matrix(shape[0]!, shape[1]!, Float64Array.from(data));
      };
      const frame: Frame = { u: side('u'), v: side('v') };
      return startLayerAdapter({ layer, family, basis: 'svd', rank, scale }, frame, { start: 'zero', rng });
    });

  describe.each(['adamw', 'sgd'] as const)('ten steps of %s equal PyTorch', (optimizerName) => {
    it.each(ADAPTER_FAMILIES)('%s', async (family) => {
      const layers = start(family, settings.rank, settings.scale);
      const trained = trainedArrays({ layers });
      const { weightDecay } = settings;
      const optimizer =
        optimizerName === 'sgd'
          ? sgd({ weightDecay })
          : adamw({ weightDecay, decayed: new Set(Object.keys(trained)) });
      const state = optimizer.init(trained);
      const pass = { batchSize: settings.sequencesPerPass, seqLen, dropout: 0 };
      const program = await loadAdapterGradients(engine, model, layers, pass);
      const expected = cases[`${family}/${optimizerName}`]!;
      for (const [step, wanted] of expected.losses.entries()) {
        const batch = reference.batches[step % reference.batches.length]!;
        const { loss, gradients } = await program.run(batch, rng);
        const norm = clipByGlobalNorm(gradients, settings.clip[optimizerName]);
        expect(Math.abs(loss / wanted - 1), `loss of step ${step}`).toBeLessThan(1e-5);
        expect(Math.abs(norm / expected.gradientNorms[step]! - 1), `norm of step ${step}`).toBeLessThan(1e-4);
        optimizer.update(trained, gradients, state, settings.learningRate[optimizerName]);
      }
      await program.release();
      for (const [tensor, values] of Object.entries(trained)) {
        const wanted = tensors.get(`${family}/${optimizerName}/${tensor}`)!.data as Float32Array;
        expect(relativeError(values, wanted), tensor).toBeLessThan(1e-4);
      }
    });
  });

  it('a step of core by SGD moves W by −η times the projected gradient', async () => {
    const layers = start('core', 4, 1);
    const trained = trainedArrays({ layers });
    const exact = createReferenceEngine();
    const batch = reference.batches[0]!;
    const pass = { batchSize: batch.sequences, seqLen, dropout: 0 };
    const program = await loadAdapterGradients(exact, model, layers, pass);
    const { gradients } = await program.run(batch, rng);
    const learningRate = 0.25;
    const optimizer = sgd();
    optimizer.update(trained, gradients, optimizer.init(trained), learningRate);
    let energy = 0;
    let norm = 0;
    for (const adapter of layers) {
      const { layer } = adapter;
      const { gradientNorm, bases } = reference.json.layers[layer.name];
      const moved = adapterDelta(adapter);
      const projected = project(reference.tensors.get(`gradient/${layer.name}.weight`)!.data, adapter);
      const wanted = projected.map((value) => -learningRate * value);
      expect(relativeError(moved.data, wanted), layer.name).toBeLessThan(1e-6);
      const size = Math.hypot(...gradients[`${layer.name}/m`]!);
      expect(size / gradientNorm, layer.name).toBeCloseTo(Math.sqrt(bases.svd.energy.core[3]), 6);
      energy += size ** 2;
      norm += gradientNorm ** 2;
    }
    const start0 = start('core', 4, 1);
    const file = join(folder, `${name}-frames.safetensors`);
    const twice = [batch, batch];
    const measured = await measureAdapter(model, engine, start0, twice, { ridge: 0.3 }, file);
    expect(Math.abs(measured.coverage! - Math.sqrt(energy / norm))).toBeLessThan(1e-5);
    expect(measured.energy!).toBeCloseTo(energy / norm, 5);
    // Two equal batches have no noise between them.
    expect(measured.signalCoverage!).toBeCloseTo(measured.coverage!, 5);
  });

  it.each(FAMILIES)('the coverage of a %s adapter is that of PyTorch’s gradients', async (family) => {
    const layers = start(family, 4, 1);
    let energy = 0;
    let norm = 0;
    for (const { layer, trained } of layers) {
      const { gradientNorm, bases } = reference.json.layers[layer.name];
      energy += bases.svd.energy[family][3] * gradientNorm ** 2;
      norm += gradientNorm ** 2;
      if (family !== 'factors') continue;
      // The rows of Q span what the columns of V do, in another basis.
      const { shape, data } = reference.tensors.get(`frames/svd/${layer.name}/v`)!;
      const q = trained.q!.data as Float32Array;
      for (let k = 0; k < 4; k++)
        for (let j = 0; j < layer.outFeatures; j++)
          q[k * layer.outFeatures + j] = 2 * data[j * shape[1]! + k]! + data[j * shape[1]! + ((k + 1) % 4)]!;
    }
    const file = join(folder, `${name}-${family}.safetensors`);
    const twice = [reference.batches[0]!, reference.batches[0]!];
    const measured = await measureAdapter(model, engine, layers, twice, { ridge: 0.3 }, file);
    expect(measured.energy! / (energy / norm)).toBeCloseTo(1, 5);
  });
});

/** U Uᵀ G V Vᵀ for a stored gradient. */
function project(gradient: Float64Array, { layer, frozen, rank }: LayerAdapter): Float64Array {
  const { inFeatures: m, outFeatures: n, stored } = layer;
  const u = frozen.u!.data as Float32Array;
  const v = frozen.v!.data as Float32Array;
  const g = (i: number, j: number) => gradient[stored === 'in-out' ? i * n + j : j * m + i]!;
  const core = Float64Array.from({ length: rank * rank }, (_, at) => {
    const [a, b] = [Math.floor(at / rank), at % rank];
    let sum = 0;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) sum += u[i * rank + a]! * g(i, j) * v[j * rank + b]!;
    return sum;
  });
  return Float64Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let a = 0; a < rank; a++)
      for (let b = 0; b < rank; b++) sum += u[i * rank + a]! * core[a * rank + b]! * v[j * rank + b]!;
    return sum;
  });
}
