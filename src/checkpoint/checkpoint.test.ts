import { execFileSync } from 'node:child_process';
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

  it('takes every weight from where the index says, and tells what it passes over', async () => {
    await writeShard('a.safetensors', { x: [1], both: [1], moved: [1], loose: [1] });
    await writeShard('b.safetensors', { y: [2], both: [2], loose: [2], extra: [3] });
    await writeShard('model.safetensors', { x: [9], both: [9], y: [9] });
    writeIndex({
      x: 'a.safetensors',
      both: 'b.safetensors',
      y: 'b.safetensors',
      moved: 'b.safetensors',
      nowhere: 'a.safetensors',
    });
    const checkpoint = await openCheckpoint(folder);
    const values = ['x', 'both', 'y', 'moved', 'extra'].map((name) => readWeight(checkpoint, name)[0]);
    expect(values).toEqual([1, 2, 2, 1, 3]);
    expect(checkpoint.warnings).toEqual([
      expect.stringMatching(/^model\.safetensors stands beside .* and is ignored/),
      'Several shards hold both: taken from where the index says.',
      'Several shards hold loose, which the index does not name: left out.',
      'Another shard than the index says holds moved.',
      'The index names nowhere, which no shard holds.',
    ]);
    expect(() => readWeight(checkpoint, 'loose')).toThrow(
      expect.objectContaining({ code: 'weight-missing' }),
    );
    expect(() => readWeight(checkpoint, 'nowhere')).toThrow(/no weight nowhere/);
  });

  it('refuses an index whose shards are missing or elsewhere, and one that contradicts itself', async () => {
    writeIndex({ x: 'a.safetensors' });
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: 'file-not-found' });
    const invalid = { code: 'config-invalid' };
    for (const map of [{ z: '../a.safetensors' }, { z: 'a.bin' }, { z: 1 }, [], null, undefined]) {
      writeIndex(map);
      await expect(openCheckpoint(folder), JSON.stringify(map)).rejects.toMatchObject(invalid);
    }
    const index = join(folder, 'model.safetensors.index.json');
    for (const text of ['', '[', '{"weight_map": {"x": "a.safetensors", "x": "b.safetensors"}}', '{} {}']) {
      writeFileSync(index, text);
      await expect(openCheckpoint(folder), text).rejects.toMatchObject(invalid);
    }
  });

  it('opens a model under another name, and one with names that objects have of their own', async () => {
    await writeShard('model.safetensors', { constructor: [1], ['__proto__']: [2], toString: [3] });
    const checkpoint = await openCheckpoint(folder);
    const names = ['constructor', '__proto__', 'toString'];
    expect(names.map((name) => readWeight(checkpoint, name)[0])).toEqual([1, 2, 3]);
    writeFileSync(join(folder, 'weights'), readFileSync(join(folder, 'model.safetensors')));
    expect((await openCheckpoint(join(folder, 'weights'))).weights.size).toBe(3);
  });

  it('calls what is no model by its name', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n';
    const zip = `PK\u0003\u0004${'\0'.repeat(26)}`;
    const kinds: [string | Buffer, RegExp][] = [
      [pointer, /Git LFS pointer.*git lfs pull/s],
      ['<!DOCTYPE html><html>…', /a web page/],
      ['\n<html lang="en">', /a web page/],
      [`${zip}archive/data.pkl`, /PyTorch checkpoint.*safe_serialization=True/s],
      [`${zip}readme.txt`, /a zip archive/],
      [Buffer.from([0x80, 2, 0x7d, 0x71]), /Python pickle/],
      [Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/],
      ['', /an empty file/],
      ['{"error": "not found"}', /a JSON file/],
      ['Entry not found', /a short text/],
      [`ggjt${'\0'.repeat(40)}`, /GGML, which GGUF came after/],
    ];
    for (const [content, message] of kinds) {
      for (const [name, code] of [
        ['model.safetensors', 'safetensors-invalid'],
        ['model.gguf', 'gguf-invalid'],
        ['model.bin', 'model-not-found'],
      ] as const) {
        writeFileSync(join(folder, name), content);
        const opening = openCheckpoint(join(folder, name));
        await expect(opening, `${content} as ${name}`).rejects.toMatchObject({
          code,
          message: expect.stringMatching(message),
        });
      }
    }
    for (const name of ['config.json', 'model.safetensors.index.json']) {
      writeFileSync(join(folder, name), pointer);
      await expect(openCheckpoint(folder)).rejects.toThrow(/Git LFS pointer.*git lfs pull/s);
    }
  });

  it('says what a folder without a model holds', async () => {
    const holds = async (name: string, message: RegExp) => {
      writeFileSync(join(folder, name), '{}');
      const opening = openCheckpoint(folder);
      await expect(opening, name).rejects.toMatchObject({
        code: 'model-incomplete',
        message: expect.stringMatching(message),
      });
    };
    await holds('snapshots', /cache of the Hugging Face hub/);
    await holds('model_index.json', /diffusers/);
    await holds('flax_model.msgpack', /another framework/);
    await holds('pytorch_model-00001-of-00002.bin', /pickled by PyTorch.*safe_serialization/s);
    await holds('train.json', /a run of this program/);
    await holds('adapter.json', /this folder as adapter/);
    await holds('adapter_config.json', /an adapter without its base model/);
    writeFileSync(join(folder, 'model-00001-of-00002.safetensors'), Buffer.alloc(8));
    await expect(openCheckpoint(join(folder, 'model-00001-of-00002.safetensors'))).rejects.toThrow(
      /part 1 of 2.*name their folder/s,
    );
  });

  it('refuses what has no size of its own, without waiting for it', async () => {
    const cannot = { code: 'file-not-readable' };
    await expect(openCheckpoint('/dev/zero')).rejects.toMatchObject(cannot);
    execFileSync('mkfifo', [join(folder, 'pipe.gguf')]);
    await expect(openCheckpoint(join(folder, 'pipe.gguf'))).rejects.toThrow(/got: {6}a pipe/);
    mkdirSync(join(folder, 'model.safetensors'));
    await expect(openCheckpoint(folder)).rejects.toThrow(/got: {6}a folder/);
  });

  it('tells of an adapter that stands beside the weights', async () => {
    await writeShard('model.safetensors', { w: [1] });
    writeFileSync(join(folder, 'adapter_config.json'), '{}');
    expect((await openCheckpoint(folder)).warnings).toEqual([
      expect.stringMatching(/adapter_config\.json.*without that adapter/),
    ]);
  });

  it('tells of a key that config.json says twice', async () => {
    await writeShard('model.safetensors', { w: [1] });
    writeFileSync(join(folder, 'config.json'), '{"a": {"b": 1, "b": 2}, "model_type": "gpt2"}');
    const { config, warnings } = await openCheckpoint(folder);
    expect(config).toEqual({ a: { b: 2 }, model_type: 'gpt2' });
    expect(warnings).toEqual(['config.json says b twice: the last counts, as in transformers.']);
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
