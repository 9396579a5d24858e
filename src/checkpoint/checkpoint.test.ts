import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { float32 } from '../numeric/index.ts';
import { openCheckpoint } from './checkpoint.ts';
import { readWeight } from './read-weight.ts';
import { writeSafetensors } from './safetensors-write.ts';

const root = mkdtempSync(join(tmpdir(), 'checkpoint-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(root, `model-${count++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), '{"model_type": "gpt2"}');
});

const writeShard = (name: string, tensors: Record<string, number[]>) =>
  writeSafetensors(
    join(folder, name),
    Object.fromEntries(
      Object.entries(tensors).map(([key, values]) => [key, float32([values.length], values)]),
    ),
  );
const writeIndex = (map: unknown) =>
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));

describe('openCheckpoint', () => {
  it('opens a folder, or the file in it, through the links of a hub cache', async () => {
    await writeShard('blob.safetensors', { w: [1, 2, 3] });
    symlinkSync('blob.safetensors', join(folder, 'model.safetensors'));
    for (const path of [folder, join(folder, 'model.safetensors')]) {
      const checkpoint = await openCheckpoint(path);
      expect(checkpoint).toMatchObject({
        path: folder,
        format: 'safetensors',
        config: { model_type: 'gpt2' },
      });
      expect(checkpoint.files).toEqual([join(folder, 'blob.safetensors')]);
      expect(checkpoint.weights.get('w')!.path).toBe(join(folder, 'blob.safetensors'));
      expect([...readWeight(checkpoint, 'w')]).toEqual([1, 2, 3]);
      const bytes = readFileSync(join(folder, 'blob.safetensors'));
      expect(await checkpoint.sha256()).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });

  it('joins the shards of an index', async () => {
    await writeShard('b.safetensors', { y: [2] });
    await writeShard('a.safetensors', { x: [1] });
    writeIndex({ x: 'a.safetensors', y: 'b.safetensors' });
    const checkpoint = await openCheckpoint(folder);
    expect([...readWeight(checkpoint, 'x'), ...readWeight(checkpoint, 'y')]).toEqual([1, 2]);
    expect(checkpoint.files).toHaveLength(2);
  });

  it('refuses an index whose shards are missing, incomplete, doubled or elsewhere', async () => {
    writeIndex({ x: 'a.safetensors' });
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'file-not-found' });
    await writeShard('a.safetensors', { z: [1] });
    await expect(openCheckpoint(folder)).rejects.toThrow(/weight x stands in the index but in no shard/);
    await writeShard('b.safetensors', { z: [1] });
    writeIndex({ z: 'a.safetensors', y: 'b.safetensors' });
    await expect(openCheckpoint(folder)).rejects.toThrow(/weight z stands in two shards/);
    writeIndex({ z: '../a.safetensors' });
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('says what is missing', async () => {
    await expect(openCheckpoint(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'model-not-found' });
    await expect(openCheckpoint(join(folder, 'config.json'))).rejects.toMatchObject({
      code: 'model-not-found',
    });
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'model-incomplete' });
    writeFileSync(join(folder, 'tiny.gguf'), '');
    await expect(openCheckpoint(folder)).rejects.toThrow(/name the file itself: .*tiny\.gguf/);
    await writeShard('model.safetensors', { w: [1] });
    rmSync(join(folder, 'config.json'));
    await expect(openCheckpoint(folder)).rejects.toThrow(/no file .*config\.json/);
    writeFileSync(join(folder, 'config.json'), '[1]');
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'config-invalid' });
    writeFileSync(join(folder, 'config.json'), '{');
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('names weights like the one that is missing', async () => {
    await writeShard('model.safetensors', { 'h.0.attn.c_attn.weight': [1], other: [2] });
    const checkpoint = await openCheckpoint(folder);
    expect(() => readWeight(checkpoint, 'transformer.h.0.c_attn.weight')).toThrow(
      /no weight transformer.*2 weights, such as h\.0\.attn\.c_attn\.weight\n/s,
    );
  });
});
