/** llama.cpp reads the keys of a Llama's header as we do: the same logits, or no model at all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type GgufValue, writeGguf } from '../../src/checkpoint/index.ts';
import { openModel, Predictor } from '../../src/models/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import { HEAD, IDS, KEYS, METADATA, tensors } from './tiny-llama.ts';
import { findLlamaCpp, llamaLogits } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'interop-keys-'));
const engine = createOnnxEngine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const llamaCpp = await findLlamaCpp();
const reason = llamaCpp.missing === undefined ? '' : ` (skipped: ${llamaCpp.missing})`;

const FACTOR = { 'rope.scaling.factor': { float32: 4 } };
const OLD = { 'rope.scale_linear': { float32: 2 } };

const SAME: Record<string, GgufValue>[] = [
  {},
  FACTOR,
  OLD,
  { ...FACTOR, ...OLD },
  { 'rope.scaling.factor': { float32: 0 }, ...OLD },
  { 'rope.scaling.type': 'linear', ...FACTOR },
  { 'rope.scaling.type': 'none', ...FACTOR },
  { 'rope.scaling.type': 'yarn', ...FACTOR, 'rope.scaling.original_context_length': 16 },
  { 'rope.scaling.type': 'yarn', ...FACTOR, 'rope.scaling.attn_factor': { float32: 1.5 } },
  { 'rope.dimension_count': HEAD, 'rope.scaling.original_context_length': 16 },
  { 'attention.head_count_kv': [KEYS, KEYS] },
  { expert_count: 0, 'attention.causal': true, 'rope.scaling.attn_factor': { float32: 1 } },
  { 'attention.sliding_window': 3, 'attention.scale': { float32: 1 }, logit_scale: { float32: 0.5 } },
  { final_logit_softcapping: { float32: 1 }, attn_logit_softcapping: { float32: 1 } },
  { embedding_scale: { float32: 2 }, residual_scale: { float32: 2 }, use_parallel_residual: true },
  { 'attention.max_alibi_bias': { float32: 8 }, 'attention.clamp_kqv': { float32: 0.1 } },
];
const REFUSED_BY_BOTH: Record<string, GgufValue>[] = [
  { 'rope.dimension_count': 4 },
  { 'attention.value_length': 16 },
  { block_count: 1 },
  { block_count: 3 },
];

describe.skipIf(llamaCpp.missing !== undefined)(`llama.cpp${reason}`, () => {
  const path = join(folder, 'tiny.gguf');
  const write = (keys: Record<string, GgufValue>) => {
    const more = Object.entries(keys).map(([key, value]) => [`llama.${key}`, value] as const);
    return writeGguf(path, { ...METADATA, ...Object.fromEntries(more) }, tensors());
  };

  it.each(SAME)('gives our logits with %j', async (keys) => {
    await write(keys);
    const model = await openModel(path, { cacheFolder: folder, onWarning: () => {} });
    const predictor = new Predictor(engine, model);
    const ours = await predictor.logits(IDS);
    await predictor.release();
    const theirs = await llamaLogits(llamaCpp.tool!, path, IDS);
    expect(Math.max(...theirs.map((logit, i) => Math.abs(logit - ours[i]!)))).toBeLessThan(2e-5);
  });

  it.each(REFUSED_BY_BOTH)('opens the file no more than we do with %j', async (keys) => {
    await write(keys);
    await expect(llamaLogits(llamaCpp.tool!, path, IDS)).rejects.toThrow();
    await expect(openModel(path, { cacheFolder: folder })).rejects.toMatchObject({ name: 'UserError' });
  });
});
