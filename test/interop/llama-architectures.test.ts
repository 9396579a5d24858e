/** llama.cpp computes every architecture that we read from GGUF as we do, without and with an adapter that we export. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adaptedModel, exportGgufLora, lowRankUpdates } from '../../src/adapters/index.ts';
import { randomAdapter, type TestLayer } from '../../src/adapters/testing.ts';
import { type Model, openModel, Predictor } from '../../src/models/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import { GGUF_FILES } from '../support/gguf-architectures.ts';
import { VOCABULARY, writeFloatCopy } from './float-copy.ts';
import { findLlamaCpp, llamaLogits } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'interop-architectures-'));
const engine = createOnnxEngine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const llamaCpp = await findLlamaCpp();
const reason = llamaCpp.missing === undefined ? '' : ` (skipped: ${llamaCpp.missing})`;
const IDS = [5, 20, 27, 31, 9, 12, 28, 7, 7, 4, 26, 17];
/**
 * What logits of a size of 2 to 4 may differ by. llama.cpp looks GELU up in a table of float16, and takes the
 * approximation by tanh for GPT-NeoX too, whose own is exact.
 */
const WITH_GELU = ['gemma2', 'gemma3', 'gptneox', 'starcoder2'];
const toleranceOf = (name: string) => (WITH_GELU.includes(name) ? 5e-3 : 5e-5);

function planFor({ definition }: Model): TestLayer[] {
  const ends = new Set(definition.layers.map(({ name }) => name.split('.').slice(-2).join('.')));
  const families = ['core', 'left', 'factors', 'right'] as const;
  return [...ends].map((end, index) => ({ end, family: families[index % 4]!, rank: 2 + (index % 3) }));
}

describe.skipIf(llamaCpp.missing !== undefined)(`llama.cpp${reason}`, () => {
  it.each([...GGUF_FILES])('gives our logits of %s, without and with our adapter', async (name, stored) => {
    const path = join(folder, `${name}.gguf`);
    await writeFloatCopy(stored, path, VOCABULARY);
    const model = await openModel(path, { cacheFolder: folder });
    const adapter = await randomAdapter(model, planFor(model), 0.5);
    const lora = join(folder, `${name}-lora.gguf`);
    await exportGgufLora(lora, model, lowRankUpdates(adapter.layers));
    const ours: Float32Array[] = [];
    for (const one of [model, adaptedModel(model, adapter)]) {
      const predictor = new Predictor(engine, one);
      ours.push(await predictor.logits(IDS));
      await predictor.release();
    }
    const theirs = [
      await llamaLogits(llamaCpp.tool!, path, IDS),
      await llamaLogits(llamaCpp.tool!, path, IDS, lora),
    ];
    const error = (a: Float32Array, b: Float32Array) =>
      Math.max(...a.map((logit, i) => Math.abs(logit - b[i]!)));
    for (const which of [0, 1]) {
      expect(error(theirs[which]!, ours[which]!), `with ${which} adapters`).toBeLessThan(toleranceOf(name));
    }
    expect(error(ours[0]!, ours[1]!)).toBeGreaterThan(0.5);
  });
});
