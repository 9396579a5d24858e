import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadReference, relativeError } from '../../../test/support/reference.ts';
import { gradients } from '../../autodiff/index.ts';
import { Cache } from '../../checkpoint/index.ts';
import { Graph, rotatedMatmul } from '../../graph/index.ts';
import { float32, tensor } from '../../numeric/index.ts';
import { createOnnxEngine } from '../../runtime/index.ts';
import { buildLoss, lossInputs } from '../loss.ts';
import { openModel } from '../model.ts';
import { packBlocks } from './blocks.ts';
import { chooseKernel } from './choose.ts';
import { packRotated } from './rotated.ts';

const cacheFolder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

describe('packBlocks', () => {
  it('keeps every value within half a step of its block, and pads with zeros', () => {
    const inner = 130; // one whole block of 128 and two values of the next
    const matrix = Float32Array.from({ length: 2 * inner }, (_, i) => Math.sin(i) * (i < 64 ? 1 : 0.01));
    const { values, scales } = packBlocks({ matrix, inner, outputs: 2, innerStride: 1, outputStride: inner });
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
    const { values, scales } = packBlocks({ matrix, inner: 2, outputs: 3, innerStride: 3, outputStride: 1 });
    expect([0, 1].map((i) => Math.round((values[128 + i]! - 128) * scales[1]!))).toEqual([2, 5]);
  });
});

describe('packRotated', () => {
  it('keeps every rotated value within half a step of its output, whatever the widths', () => {
    const [inner, outputs] = [70, 65];
    const matrix = Float32Array.from({ length: inner * outputs }, (_, i) => Math.sin(i * i));
    const { values, scales } = packRotated({ matrix, inner, outputs, innerStride: 1, outputStride: inner });
    expect([values.length, scales.length]).toEqual([128 * outputs, outputs]);
    for (const output of [0, 63, 64]) {
      const column = matrix.subarray(output * inner, (output + 1) * inner);
      for (const k of [0, 1, 63, 64, 100]) {
        // Entry k of the rotated column, by the definition: signs by the bits that two indices have in common.
        const first = 64 * Math.floor(k / 64);
        const wanted = [...column.subarray(first, first + 64)].reduce((total, value, i) => {
          const common = (i & (k - first)).toString(2).replaceAll('0', '').length;
          return total + (common % 2 === 0 ? value : -value) / 8;
        }, 0);
        const restored = values[k * outputs + output]! * scales[output]!;
        expect(Math.abs(restored - wanted)).toBeLessThanOrEqual(scales[output]! / 2 + 1e-6);
      }
    }
  });
});

describe('rotatedMatmul', () => {
  it('tells what is not finite in an input by its result', async () => {
    const engine = createOnnxEngine();
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3, 64]);
    const packed = packRotated({
      matrix: new Float32Array(64 * 64).fill(0.5),
      inner: 64,
      outputs: 64,
      innerStride: 64,
      outputStride: 1,
    });
    const weight = {
      values: graph.constant(tensor('int8', [64, 64], packed.values)),
      scales: graph.constant(float32([64], packed.scales)),
    };
    graph.output('y', rotatedMatmul(x, weight, weight));
    const program = await engine.load(graph);
    const rows = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.cos(i));
    rows[3] = Number.NaN;
    rows[64 + 9] = Number.POSITIVE_INFINITY;
    const { y } = await program.run({ x: float32([3, 64], rows) });
    await engine.close();
    const finite = [0, 1, 2].map((row) =>
      (y!.data as Float32Array).subarray(64 * row, 64 * (row + 1)).some(Number.isFinite),
    );
    expect(finite).toEqual([false, false, true]);
  });
});

it('the way of multiplying is measured once and kept', async () => {
  const cache = new Cache(mkdtempSync(join(cacheFolder, 'kernel-')), () => {});
  const chosen = await chooseKernel(cache);
  const [file] = readdirSync(join(cache.folder, 'int8-kernel'));
  const path = join(cache.folder, 'int8-kernel', file!);
  const { mtimeMs } = statSync(path);
  expect(await chooseKernel(cache)).toBe(chosen);
  expect(statSync(path).mtimeMs).toBe(mtimeMs);
});

it.each([
  ['gpt2', 'rotated'],
  ['gpt2', 'blocks'],
  ['llama', 'rotated'],
  ['llama', 'blocks'],
] as const)('int8 comes near float32 in loss and output gradients: %s, %s', async (name, int8Kernel) => {
  const { folder, batches, json } = loadReference(name);
  const engine = createOnnxEngine();
  const sides = [];
  for (const compute of ['int8', 'float32'] as const) {
    const model = await openModel(folder, { cacheFolder, compute, int8Kernel });
    const graph = new Graph();
    const { sequences, seqLen } = batches[0]!;
    const shape = { lanes: 1, sequences, seqLen };
    const { loss, laneLosses, traces } = buildLoss(model.definition, model.weights(graph), graph, shape);
    graph.output('loss', laneLosses);
    // Every linear layer, and not the head.
    const quantized = graph
      .liveNodes()
      .filter(({ op }) => op.name === { rotated: 'MatMulInteger', blocks: 'MatMulNBits' }[int8Kernel]);
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
