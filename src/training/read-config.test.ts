import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readModelConfig } from './read-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const path = join(folder, 'config.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIZES = {
  model_type: 'llama',
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 8,
  num_attention_heads: 2,
};

it.each([
  ['config-invalid', '[1]'],
  ['config-invalid', '{"model_type": "llama"'],
  ['config-invalid', `{"a": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`],
  ['architecture-unknown', '{"model_type": "constructor"}'],
  ['config-invalid', JSON.stringify({ ...SIZES, num_hidden_layers: 1e7 })],
  ['config-unsupported', JSON.stringify({ ...SIZES, is_causal: false })],
  ['model-too-large', JSON.stringify({ ...SIZES, vocab_size: 2 ** 52 })],
  ['model-too-large', JSON.stringify({ ...SIZES, head_dim: 1e12 })],
])('refuses as %s', (code, text) => {
  writeFileSync(path, text);
  expect(() => readModelConfig(path)).toThrow(expect.objectContaining({ name: 'UserError', code }));
});

it('takes sizes that are not said from transformers', () => {
  writeFileSync(path, JSON.stringify({ ...SIZES, sliding_window: 4 }));
  const { definition } = readModelConfig(path);
  expect([definition.layers.length, definition.contextLength]).toEqual([32 * 7, 2048]);
  expect(definition.warnings).toEqual([expect.stringContaining('sliding_window')]);
});
