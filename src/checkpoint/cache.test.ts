import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { float32 } from '../numeric/index.ts';
import { Cache, type CacheEntry } from './cache.ts';
import { type Layout, openCacheFile, writeCacheFile } from './cache-file.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'cache-'));
afterAll(() => rmSync(folder, { recursive: true }));
const notes: string[] = [];
const cache = new Cache(folder, (text) => notes.push(text));
beforeEach(() => {
  notes.length = 0;
  rmSync(folder, { recursive: true, force: true });
});

const entry = (key: unknown, version = 1): CacheEntry => ({ kind: 'test', version, key });
const fileOf = () => join(folder, 'test', readdirSync(join(folder, 'test'))[0]!);

/** Asks for two tensors of a matrix, and says what came and whether it was made. */
async function ask(of: CacheEntry, values: readonly number[] = [1, 2, 3], store = cache) {
  let made = 0;
  const tensors = await store.tensors(
    of,
    ({ u }) => (u?.shape[0] ?? 0) >= values.length,
    async () => {
      made += 1;
      return { u: float32([values.length], values), v: float32([1], [7]) };
    },
  );
  return { made, u: [...(tensors.u.data as Float32Array)], v: [...(tensors.v.data as Float32Array)] };
}

describe('a file of the cache', () => {
  it('is found by all that determines it', async () => {
    expect(await ask(entry({ shape: [2, 3], rank: 1 }))).toEqual({ made: 1, u: [1, 2, 3], v: [7] });
    expect(await ask(entry({ rank: 1, shape: [2, 3] }))).toEqual({ made: 0, u: [1, 2, 3], v: [7] });
    for (const other of [entry({ shape: [3, 2], rank: 1 }), entry({ shape: [2, 3], rank: 1 }, 2)])
      expect((await ask(other)).made).toBe(1);
    expect(readdirSync(join(folder, 'test'))).toHaveLength(3);
    expect(notes).toEqual([]);
  });

  it('is replaced when it does not hold enough', async () => {
    await ask(entry('key'), [1]);
    expect(await ask(entry('key'), [1, 2])).toMatchObject({ made: 1, u: [1, 2] });
    expect(await ask(entry('key'), [1])).toMatchObject({ made: 0, u: [1, 2] });
  });

  it('is not believed when any of its bytes is another', async () => {
    const path = join(folder, 'file.safetensors');
    const pieces = [Float32Array.of(1, 2, 3), Uint8Array.of(7)];
    const layout: Layout = { floats: { dtype: 'F32', shape: [3] }, byte: { dtype: 'U8', shape: [1] } };
    await writeCacheFile(path, 'key', layout, pieces);
    expect([...((await openCacheFile(path, 'key')) as Map<string, unknown>).keys()]).toEqual([
      'floats',
      'byte',
    ]);
    expect(await openCacheFile(path, 'other')).toMatch('something else');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x10, 0x80]) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= flip;
        writeFileSync(path, damaged);
        expect(await openCacheFile(path, 'key'), `byte ${at} ^ ${flip}`).toBeTypeOf('string');
      }
    }
  });

  it.each([
    ['zeroed', (bytes: Buffer) => bytes.fill(0)],
    ['with zeroed values', (bytes: Buffer) => bytes.fill(0, bytes.length - 128)],
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['empty', (bytes: Buffer) => bytes.subarray(0, 0)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
  ])('is made again when it is %s', async (_, damage) => {
    await ask(entry('key'));
    writeFileSync(fileOf(), damage(readFileSync(fileOf())));
    expect(await ask(entry('key'))).toEqual({ made: 1, u: [1, 2, 3], v: [7] });
    expect(notes).toEqual([expect.stringMatching(/is damaged \(.+\): it is made again/)]);
    expect(await ask(entry('key'))).toMatchObject({ made: 0 });
  });

  it("is made again when it is another entry's", async () => {
    await ask(entry('first'), [1, 1, 1]);
    const first = readFileSync(fileOf());
    rmSync(folder, { recursive: true });
    await ask(entry('second'), [2, 2, 2]);
    writeFileSync(fileOf(), first);
    expect(await ask(entry('second'), [2, 2, 2])).toMatchObject({ made: 1, u: [2, 2, 2] });
    expect(notes).toEqual([expect.stringContaining('made from something else')]);
  });
});

describe('tensors that are mapped', () => {
  const layout: Layout = {
    bytes: { dtype: 'U8', shape: [3] },
    none: { dtype: 'F32', shape: [0, 2] },
    floats: { dtype: 'F32', shape: [2, 2] },
  };
  const pieces = () => [Uint8Array.of(1, 2, 3), Float32Array.of(1, 2), Float32Array.of(3, 4)];

  it('stand at multiples of 64 bytes in a file that any reader of safetensors opens', async () => {
    const places = await cache.mapped(entry('mapped'), layout, pieces);
    const { tensors } = readSafetensorsHeader(fileOf());
    for (const [name, { path, offset, length }] of places) {
      expect(offset % 64).toBe(0);
      expect(tensors.get(name)).toMatchObject({ ...layout[name], path, offset, length });
    }
    const { path, offset, length } = places.get('floats')!;
    const bytes = new Uint8Array(readFileSync(path).subarray(offset, offset + length));
    expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2, 3, 4]);
    expect([...places.keys()].toSorted()).toEqual(['bytes', 'floats', 'none']);
  });

  it('are not kept when they are not finite, or too few', async () => {
    const nan = () => [Uint8Array.of(1, 2, 3), Float32Array.of(1, 2, 3, Number.NaN)];
    await expect(cache.mapped(entry('nan'), layout, nan)).rejects.toThrow('not finite');
    await expect(cache.mapped(entry('few'), layout, () => pieces().slice(0, 2))).rejects.toThrow('missing');
    expect(readdirSync(join(folder, 'test'))).toEqual([]);
  });
});

it('gives what was made where nothing can be kept, and says so once', async () => {
  writeFileSync(folder, 'a file');
  for (const key of ['one', 'two']) expect(await ask(entry(key))).toMatchObject({ made: 1, u: [1, 2, 3] });
  expect(notes).toEqual([expect.stringMatching(/^Nothing new is kept in the cache .+ENOTDIR|EEXIST/)]);
});
