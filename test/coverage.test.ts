/** Coverage of every family and natural coverage, on whole models, against PyTorch in float64. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addPass,
  buildPass,
  collectMeasurements,
  collectMoments,
  emptyMeasurement,
  type Frame,
  type FrameSet,
  type LayerMeasurement,
  type MeasurePlan,
  passInputs,
  placeFrames,
  Whitener,
} from '../src/coverage/index.ts';
import { naturalHalves } from '../src/coverage/natural.ts';
import { lossInputs, type Model, openModel, targetCount } from '../src/models/index.ts';
import { matrix, singularValues } from '../src/numeric/index.ts';
import { FAMILIES, type Family } from '../src/record/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { loadReference, REFERENCE_MODELS, relativeError } from './support/reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine();
const whitener = new Whitener(engine);
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const BASES = ['svd', 'random'] as const;

describe.each(REFERENCE_MODELS)('%s', (name) => {
  const reference = loadReference(name);
  const batches = reference.batches.slice(0, 2);
  const targets = batches.map(targetCount);
  let model: Model;
  let measured: LayerMeasurement[];

  beforeAll(async () => {
    model = await openModel(reference.folder, { cacheFolder: folder });
    const { layers } = model.definition;
    const sets: FrameSet<Frame>[] = BASES.map((basis) => ({
      label: basis,
      frames: new Map(
        layers.map((layer) => {
          const side = (part: 'u' | 'v') => {
            const { shape, data } = reference.tensors.get(`frames/${basis}/${layer.name}/${part}`)!;
            return matrix(shape[0]!, shape[1]!, Float64Array.from(data));
          };
          return [layer.name, { u: side('u'), v: side('v') }];
        }),
      ),
    }));
    const placed = await placeFrames(join(folder, `${name}.safetensors`), sets);
    const { sequences, seqLen } = batches[0]!;
    const rows = sequences * seqLen;
    const permutation = Array.from({ length: 2 * rows }, (_, i) => i);
    const plan: MeasurePlan = { lanes: 2, oneSided: true, natural: true, permutation };
    const pass = buildPass(model, layers, { lanes: 2, sequences, seqLen });
    collectMeasurements(pass.graph, pass.layers, placed, plan);
    const program = await engine.load(pass.graph);
    const outputs = await program.run(passInputs(batches, plan));
    measured = layers.map((layer) => {
      const ranks = placed.map(({ frames }) => frames.get(layer.name)!.rank);
      const measurement = emptyMeasurement(layer, ranks, FAMILIES, plan);
      addPass(measurement, outputs, plan);
      return measurement;
    });
  });

  const each = (check: (layer: LayerMeasurement, expected: ReferenceLayer) => void) => {
    expect(measured.map((layer) => layer.name).toSorted()).toEqual(
      Object.keys(reference.json.layers).toSorted(),
    );
    for (const layer of measured) check(layer, reference.json.layers[layer.name]);
  };

  it('norms, and the product of two batches', () => {
    each(({ inner }, expected) => {
      expect(Math.sqrt(inner.batches[0]!) / expected.gradientNorm - 1).toBeCloseTo(0, 5);
      const scale = expected.gradientNorm ** 2;
      expect(Math.abs(inner.pairs[0]! - expected.crossInnerProduct) / scale).toBeLessThan(1e-5);
    });
  });

  it('energies of every family at every rank, and their products of two batches', () => {
    each(({ inner, frames }, expected) => {
      BASES.forEach((basis, index) => {
        for (const family of FAMILIES) {
          const { batches: own, pairs } = frames[index]!.energies.get(family)!;
          const energies = own[0]!.map((value) => value / inner.batches[0]!);
          expect(relativeError(energies, expected.bases[basis]!.energy[family])).toBeLessThan(1e-5);
          const cross = pairs[0]!.map((value) => value / expected.gradientNorm ** 2);
          const wanted = expected.bases[basis]!.crossEnergy[family].map(
            (v) => v / expected.gradientNorm ** 2,
          );
          expect(Math.max(...cross.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-5);
        }
      });
    });
  });

  it('natural coverage at every rank, in sample and across batches', async () => {
    for (const layer of measured) {
      const [half] = await naturalHalves(layer, [targets], reference.json.ridge, whitener);
      for (const [index, basis] of BASES.entries()) {
        const expected = reference.json.layers[layer.name].bases[basis];
        const curves = half[index]!;
        expect(relativeError(curves.inSample, expected.nu)).toBeLessThan(1e-5);
        expect(relativeError(curves.heldOut, expected.nuCross)).toBeLessThan(1e-4);
        // The rows were not shuffled here, so the permuted core is the core.
        expect(relativeError(curves.permutedInSample, expected.nu)).toBeLessThan(1e-5);
      }
    }
  });

  it.each([1, 2] as const)(
    'norms by way of token products, which short batches take (%i lanes)',
    async (lanes) => {
      const { layers } = model.definition;
      const short = batches.slice(0, lanes).map(({ tokens, seqLen }) => ({
        tokens: tokens.slice(0, 6),
        lossMask: Uint8Array.of(0, 1, 1, 0, 1, 1),
        sequences: 1,
        seqLen: Math.min(6, seqLen),
      }));
      const plan: MeasurePlan = { lanes, oneSided: false, natural: false, permutation: [] };
      const pass = buildPass(model, layers, { lanes, sequences: 1, seqLen: 6 });
      collectMeasurements(pass.graph, pass.layers, [], plan);
      const program = await engine.load(pass.graph);
      const outputs = await program.run(lossInputs(short));
      const gradients = await Promise.all(
        short.map(async (batch) => {
          const all = new Map<string, Float64Array>();
          const wanted = { gradient: true, second: false };
          for await (const { layer, gradient } of collectMoments(
            model,
            engine,
            layers,
            [batch],
            wanted,
            () => {},
          )) {
            all.set(layer.name, gradient!.data);
          }
          return all;
        }),
      );
      const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
      for (const { name } of layers) {
        const sides = gradients.map((one) => one.get(name)!);
        const own = sides.map((side) => dot(side, side));
        const expected = lanes === 2 ? [...own, dot(sides[0]!, sides[1]!)] : own;
        const scale = Math.max(...own);
        const inner = [...(outputs[`${name}|inner`]!.data as Float32Array)];
        expect(inner.length).toBe(expected.length);
        inner.forEach((value, i) => {
          expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-5);
        });
      }
    },
  );

  it('spectra of whole gradients', async () => {
    const wanted = { gradient: true, second: false };
    const all = collectMoments(model, engine, model.definition.layers, batches.slice(0, 1), wanted, () => {});
    for await (const { layer, gradient } of all) {
      const expected = reference.json.layers[layer.name].gradientSingularValues;
      expect(relativeError(await singularValues(gradient!), expected)).toBeLessThan(1e-5);
    }
  });
});

interface ReferenceLayer {
  readonly gradientNorm: number;
  readonly crossInnerProduct: number;
  readonly gradientSingularValues: readonly number[];
  readonly bases: Readonly<
    Record<
      string,
      { readonly energy: Record<Family, number[]>; readonly crossEnergy: Record<Family, number[]> }
    >
  >;
}
