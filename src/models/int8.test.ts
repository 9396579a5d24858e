import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadReference, relativeError } from '../../test/support/reference.ts';
import { gradients } from '../autodiff/index.ts';
import { Graph } from '../graph/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { quantize } from './int8.ts';
import { buildLoss, lossInputs } from './loss.ts';
import { openModel } from './model.ts';

const cacheFolder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

describe('quantize', () => {
  it('keeps every value within half a step of its block, and pads with zeros', () => {
    const inner = 130; // one whole block of 128 and two values of the next
    const matrix = Float32Array.from({ length: 2 * inner }, (_, i) => Math.sin(i) * (i < 64 ? 1 : 0.01));
    const { values, scales } = quantize(matrix, 2, inner, inner, 1);
    expect([values.length, scales.length]).toEqual([2 * 256, 4]);
    for (let row = 0; row < 2; row++) {
      for (let i = 0; i < 256; i++) {
        const scale = scales[row * 2 + Math.floor(i / 128)]!;
        const restored = (values[row * 256 + i]! - 128) * scale;
        const wanted = i < inner ? matrix[row * inner + i]! : 0;
        expect(Math.abs(restored - wanted)).toBeLessThanOrEqual(scale / 2 + 1e-9);
      }
    }
    expect(scales[0]).toBeCloseTo(Math.max(...matrix.subarray(0, 128).map(Math.abs)) / 127, 7);
  });

  it('reads the transposed matrix by its strides', () => {
    const matrix = Float32Array.of(1, 2, 3, 4, 5, 6); // [2, 3]
    const { values, scales } = quantize(matrix, 3, 2, 1, 3);
    expect([0, 1].map((i) => Math.round((values[128 + i]! - 128) * scales[1]!))).toEqual([2, 5]);
  });
});

it('int8 comes near float32 in loss and output gradients, for both orders of storage', async () => {
  for (const name of ['gpt2', 'llama'] as const) {
    const { folder, batches, json } = loadReference(name);
    const engine = createOnnxEngine();
    const sides = [];
    for (const compute of ['int8', 'float32'] as const) {
      const model = await openModel(folder, { cacheFolder, compute });
      const graph = new Graph();
      const { sequences, seqLen } = batches[0]!;
      const shape = { lanes: 1, sequences, seqLen };
      const { loss, laneLosses, traces } = buildLoss(model.definition, model.weights(graph), graph, shape);
      graph.output('loss', laneLosses);
      // Every linear layer, and not the head.
      const quantized = graph.liveNodes().filter(({ op }) => op.name === 'MatMulNBits');
      expect(quantized).toHaveLength(compute === 'int8' ? traces.length : 0);
      const first = traces[0]!.y;
      graph.output('gradient', gradients(loss, [first])[0]!);
      const program = await engine.load(graph);
      sides.push(await program.run(lossInputs(batches.slice(0, 1))));
    }
    await engine.close();
    const [int8, float32] = sides as [(typeof sides)[0], (typeof sides)[0]];
    expect(Math.abs((int8.loss!.data[0] as number) - json.losses[0])).toBeLessThan(0.05);
    const error = relativeError(int8.gradient!.data as Float32Array, float32.gradient!.data as Float32Array);
    expect(error).toBeLessThan(0.1);
    expect(error).toBeGreaterThan(1e-4); // it is int8 that ran
  }
});

it('a model opened in float32 leaves the packed weights of another run alone', async () => {
  const { folder } = loadReference('gpt2');
  await openModel(folder, { cacheFolder, compute: 'int8' });
  const packed = () => readdirSync(join(cacheFolder, 'int8'));
  const sizes = packed().map((file) => statSync(join(cacheFolder, 'int8', file)).size);
  await openModel(folder, { cacheFolder });
  expect(packed().map((file) => statSync(join(cacheFolder, 'int8', file)).size)).toEqual(sizes);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
});
