/** A model held against numbers of transformers in float64: loss, gradient norms and coverage of every layer. */

import { expect } from 'vitest';
import {
  addPass,
  buildPass,
  collectMeasurements,
  emptyMeasurement,
  type Frame,
  type FrameSet,
  type MeasurePlan,
  placeFrames,
} from '../../src/coverage/index.ts';
import { LOSS } from '../../src/coverage/pass.ts';
import { lossInputs, type Model } from '../../src/models/index.ts';
import { type Matrix, matrix } from '../../src/numeric/index.ts';
import { FAMILIES, type Family } from '../../src/record/index.ts';
import type { Engine } from '../../src/runtime/index.ts';
import type { Batch } from '../../src/text/index.ts';

/** As `make-random-models.py` and `make-ggufs.py` write it. */
export interface ModelReference {
  readonly warns: boolean;
  readonly ranks: readonly number[];
  readonly tokens: readonly (readonly number[])[];
  readonly loss: number;
  readonly layers: Readonly<
    Record<string, { gradientNorm: number; coverage: Readonly<Record<Family, number[]>> }>
  >;
}

/** Expects the loss within 1e-6, gradient norms and coverage within 1e-5; frames are written to `framesFile`. */
export async function expectReference(
  engine: Engine,
  model: Model,
  reference: ModelReference,
  framesFile: string,
): Promise<void> {
  const { loss, layers } = await measure(engine, model, reference, framesFile);
  expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(1e-6);
  expect([...layers.keys()].toSorted()).toEqual(Object.keys(reference.layers).toSorted());
  for (const [layer, { gradientNorm, coverage }] of layers) {
    const expected = reference.layers[layer]!;
    expect(Math.abs(gradientNorm / expected.gradientNorm - 1), layer).toBeLessThan(1e-5);
    for (const family of FAMILIES) {
      coverage(family).forEach((value, i) => {
        expect(Math.abs(value - expected.coverage[family][i]!), `${layer} ${family}`).toBeLessThan(1e-5);
      });
    }
  }
}

async function measure(engine: Engine, model: Model, { tokens, ranks }: ModelReference, framesFile: string) {
  const batch: Batch = {
    tokens: Int32Array.from(tokens.flat()),
    lossMask: Uint8Array.from(
      tokens.flatMap((sequence) => sequence.map((_, position) => Number(position > 0))),
    ),
    sequences: tokens.length,
    seqLen: tokens[0]!.length,
  };
  const { layers } = model.definition;
  const rank = Math.max(...ranks);
  const frames = new Map(
    layers.map(({ name, inFeatures, outFeatures }) => [
      name,
      { u: cosineFrame(inFeatures, rank), v: cosineFrame(outFeatures, rank) },
    ]),
  );
  const sets: FrameSet<Frame>[] = [{ label: 'cosine', frames }];
  const placed = await placeFrames(framesFile, sets);
  const { sequences, seqLen } = batch;
  const plan: MeasurePlan = { lanes: 1, oneSided: true, natural: false, permutation: [] };
  const pass = buildPass(model, layers, { lanes: 1, sequences, seqLen });
  collectMeasurements(pass.graph, pass.layers, placed, plan);
  const program = await engine.load(pass.graph);
  const outputs = await program.run(lossInputs([batch]));
  const measured = layers.map((layer) => {
    const measurement = emptyMeasurement(layer, [rank], FAMILIES, plan);
    addPass(measurement, outputs, plan);
    const energy = measurement.inner.batches[0]!;
    const coverage = (family: Family) => {
      const energies = measurement.frames[0]!.energies.get(family)!.batches[0]!;
      return ranks.map((k) => Math.sqrt(energies[k - 1]! / energy));
    };
    return [layer.name, { gradientNorm: Math.sqrt(energy), coverage }] as const;
  });
  return { loss: Number(outputs[LOSS]!.data[0]), layers: new Map(measured) };
}

/** u[i, j] = √((j = 0 ? 1 : 2) / size) cos(π j (i + ½) / size): orthonormal columns. */
function cosineFrame(size: number, rank: number): Matrix {
  const entry = (i: number, j: number) =>
    Math.sqrt((j === 0 ? 1 : 2) / size) * Math.cos((Math.PI * j * (i + 0.5)) / size);
  const data = Float64Array.from({ length: size * rank }, (_, at) => entry(Math.floor(at / rank), at % rank));
  return matrix(size, rank, data);
}
