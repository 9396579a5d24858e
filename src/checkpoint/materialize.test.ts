import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import type { FileRange } from '../files/index.ts';
import { float32, tensor } from '../numeric/index.ts';
import { Cache } from './cache.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { materialize } from './materialize.ts';
import { type HalfTensor, writeSafetensors } from './safetensors-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'materialize-'));
afterAll(() => rmSync(folder, { recursive: true }));
const notes: string[] = [];
const cache = new Cache(join(folder, 'cache'), (text) => notes.push(text));
const kept = join(cache.folder, 'decoded');
beforeEach(() => {
  notes.length = 0;
  rmSync(cache.folder, { recursive: true, force: true });
});

const halves = (dtype: 'F16' | 'BF16', ...data: number[]): HalfTensor => ({
  dtype,
  shape: [data.length],
  data: Uint16Array.from(data),
});
const plain = float32([2, 2], [1, 2, 3, 4]);

async function openModel(tensors: Parameters<typeof writeSafetensors>[1]): Promise<Checkpoint> {
  writeFileSync(join(folder, 'config.json'), '{}');
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  return openCheckpoint(folder);
}

function floatsAt({ path, offset, length }: FileRange): number[] {
  return [...new Float32Array(new Uint8Array(readFileSync(path).subarray(offset, offset + length)).buffer)];
}

it('maps F32 in place and decodes the rest once', async () => {
  const model = await openModel({ plain, a: halves('F16', 0x3c00, 0xc000), b: halves('BF16', 0x3f80) });
  const places = await materialize(model, ['plain', 'a', 'b', 'a'], cache);
  expect(places.get('plain')).toMatchObject({ path: model.files[0], length: 16 });
  expect([...places].map(([name, place]) => [name, floatsAt(place)])).toEqual([
    ['plain', [1, 2, 3, 4]],
    ['a', [1, -2]],
    ['b', [1]],
  ]);
  const [file] = readdirSync(kept);
  expect(readdirSync(kept)).toHaveLength(1);
  expect(file).toMatch(/^[0-9a-f]{64}\.safetensors$/);
  const written = statSync(join(kept, file!)).mtimeMs;

  await materialize(await openCheckpoint(folder), ['a', 'b'], cache);
  expect(readdirSync(kept)).toEqual([file]);
  expect(statSync(join(kept, file!)).mtimeMs).toBe(written);
  expect(notes).toEqual([]);

  truncateSync(join(kept, file!), 3);
  const again = await materialize(model, ['a', 'b'], cache);
  expect(floatsAt(again.get('b')!)).toEqual([1]);
  expect(notes).toEqual([expect.stringContaining('is damaged')]);
});

it('makes another cache file for other weights and other names', async () => {
  const first = await openModel({ a: halves('F16', 0x3c00), b: halves('F16', 0x3c00) });
  await materialize(first, ['a'], cache);
  await materialize(first, ['a', 'b'], cache);
  await materialize(await openModel({ a: halves('F16', 0xc000), b: halves('F16', 0) }), ['a'], cache);
  expect(readdirSync(kept)).toHaveLength(3);
});

it('writes no cache when nothing is to decode', async () => {
  await materialize(await openModel({ plain }), ['plain'], cache);
  expect(() => readdirSync(cache.folder)).toThrow(/ENOENT/);
});

it('finds values that are not finite, mapped or decoded, and leaves no file', async () => {
  const mapped = await openModel({ w: float32([3], [1, Number.NaN, 2]) });
  await expect(materialize(mapped, ['w'], cache)).rejects.toMatchObject({
    code: 'weights-not-finite',
    message: expect.stringMatching(/Weight w.*NaN at index 1/s),
  });
  const decoded = await openModel({ w: halves('F16', 0, 0, 0xfc00) });
  await expect(materialize(decoded, ['w'], cache)).rejects.toThrow(/-Infinity at index 2/);
  expect(readdirSync(kept)).toEqual([]);
});

it('refuses missing names and types that cannot be decoded', async () => {
  const model = await openModel({ mask: tensor('uint8', [1], Uint8Array.of(1)), a: halves('F16', 0) });
  await expect(materialize(model, ['missing'], cache)).rejects.toMatchObject({ code: 'weight-missing' });
  await expect(materialize(model, ['mask'], cache)).rejects.toMatchObject({
    code: 'weight-type-unsupported',
  });
});

it('decodes into a temporary file where the cache cannot be written, and refuses when there is no place at all', async () => {
  const model = await openModel({ a: halves('F16', 0x3c00) });
  const nowhere = join(folder, 'config.json', 'below');
  const places = await materialize(model, ['a'], new Cache(nowhere, (text) => notes.push(text)));
  expect(floatsAt(places.get('a')!)).toEqual([1]);
  expect(places.get('a')!.path.startsWith(tmpdir())).toBe(true);
  expect(notes).toEqual([expect.stringContaining(nowhere)]);

  vi.stubEnv('TMPDIR', nowhere);
  await expect(materialize(model, ['a'], new Cache(nowhere, () => {}))).rejects.toMatchObject({
    code: 'cannot-write',
  });
  vi.unstubAllEnvs();
});

it('stops between two pieces when it is asked to, and leaves nothing', async () => {
  const model = await openModel({ a: halves('F16', 0x3c00), b: halves('F16', 0x3c00), plain });
  const controller = new AbortController();
  const slow: Checkpoint = {
    ...model,
    weights: new Map(
      [...model.weights].map(([name, source]) => [
        name,
        {
          ...source,
          get path() {
            // Reading the second weight is when the signal comes.
            if (name === 'b' && existsSync(kept)) controller.abort();
            return source.path;
          },
        },
      ]),
    ),
  };
  await expect(materialize(slow, ['a', 'b'], cache, controller.signal)).rejects.toMatchObject({
    code: 'stopped',
  });
  expect(controller.signal.aborted).toBe(true);
  expect(readdirSync(kept)).toEqual([]);
  await expect(materialize(model, ['plain'], cache, controller.signal)).rejects.toMatchObject({
    code: 'stopped',
  });
});
