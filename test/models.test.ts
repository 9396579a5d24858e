/** Whole models against PyTorch in float64: logits, loss and every weight gradient. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Graph, type Value } from '../src/graph/index.ts';
import {
  buildLoss,
  floatProducts,
  lossGradients,
  lossInputs,
  openModel,
  type WeightSpec,
} from '../src/models/index.ts';
import { createOnnxEngine, createReferenceEngine } from '../src/runtime/index.ts';
import { loadReference, REFERENCE_MODELS, relativeError } from './support/reference.ts';

const cacheFolder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

const CASES = [
  { create: createReferenceEngine, tolerance: 1e-6, recomputed: 0 },
  { create: createOnnxEngine, tolerance: 1e-5, recomputed: 0 },
  { create: createReferenceEngine, tolerance: 1e-6, recomputed: 2 },
  { create: createOnnxEngine, tolerance: 1e-5, recomputed: Number.POSITIVE_INFINITY },
];

describe.each(REFERENCE_MODELS)('%s equals PyTorch in float64', (name) => {
  const reference = loadReference(name);
  it.each(CASES)(
    'loss and gradients ($create.name, $recomputed segments made again)',
    async ({ create, tolerance, recomputed }) => {
      const model = await openModel(reference.folder, { cacheFolder });
      const { sequences, seqLen } = reference.batches[0]!;
      const graph = new Graph();
      const mapped = model.weights(graph);
      const values = new Map<string, Value>();
      const remembered = (weight: WeightSpec) => {
        const value = mapped.value(weight);
        values.set(weight.name, value);
        return value;
      };
      const loss = buildLoss(model.definition, floatProducts(remembered), graph, {
        lanes: 1,
        sequences,
        seqLen,
        recomputed,
      });
      expect(loss.segments).toBeGreaterThan(2);
      const names = [...values.keys()];
      expect(names.toSorted()).toEqual(model.definition.weights.map((weight) => weight.name).toSorted());
      lossGradients(loss, [...values.values()]).forEach((gradient, i) => {
        graph.output(names[i]!, gradient);
      });
      graph.output('loss', loss.laneLosses);
      graph.output('logits', loss.logits());
      const engine = create();
      const program = await engine.load(graph);
      const outputs = await program.run(lossInputs(reference.batches.slice(0, 1)));
      await engine.close();
      const read = (output: string) => outputs[output]!.data as Float64Array;
      expect(Math.abs(read('loss')[0]! / reference.json.losses[0] - 1)).toBeLessThan(tolerance);
      expect(relativeError(read('logits'), reference.tensors.get('logits')!.data)).toBeLessThan(tolerance);
      for (const weight of names) {
        const expected = reference.tensors.get(`gradient/${weight}`)!.data;
        expect(relativeError(read(weight), expected), weight).toBeLessThan(tolerance);
      }
    },
  );
});
