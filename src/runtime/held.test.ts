/** How things of an engine are freed; `test/held.test.ts` has the engine fail in everything that uses one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { createOnnxEngine, type Held, held, holding, Owner } from './index.ts';

let freed: string[];
beforeEach(() => {
  freed = [];
});

interface Named extends Held {
  readonly name: string;
}
const thing = async (name: string): Promise<Named> =>
  held<Named>({ name }, async () => {
    freed.push(name);
  });

describe('an owner', () => {
  it('frees what it was given, the latest first, once', async () => {
    const owner = new Owner();
    expect((await owner.own(thing('a'))).name).toBe('a');
    // Nobody has waited for this one yet.
    void owner.own(thing('b'));
    await owner.release();
    expect(freed).toEqual(['b', 'a']);
    await owner.release();
    expect(freed).toEqual(['b', 'a']);
  });

  it('frees the others where one could not be made or freed', async () => {
    const owner = new Owner();
    void owner.own(thing('a'));
    await expect(owner.own(Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
    void owner.own(
      Promise.resolve(
        held<Held>({}, async () => {
          throw new Error('stuck');
        }),
      ),
    );
    void owner.own(thing('b'));
    await expect(owner.release()).rejects.toThrow('stuck');
    expect(freed).toEqual(['b', 'a']);
  });

  it('is freed where its block ends, also by an error', async () => {
    const use = async () => {
      await using owner = new Owner();
      await owner.own(thing('a'));
      throw new Error('in the block');
    };
    await expect(use()).rejects.toThrow('in the block');
    expect(freed).toEqual(['a']);
  });
});

describe('holding', () => {
  it('keeps what was made for whoever holds the result', async () => {
    const result = await holding<Named>(async (owner) => owner.own(thing('a')));
    expect([result.name, freed]).toEqual(['a', []]);
    await result.release();
    expect(freed).toEqual(['a']);
  });

  it('frees it where the result could not be made', async () => {
    const making = holding<Named>(async (owner) => {
      await owner.own(thing('a'));
      throw new Error('half way');
    });
    await expect(making).rejects.toThrow('half way');
    expect(freed).toEqual(['a']);
  });
});

it('what an engine held is gone with its thread', async () => {
  const engine = createOnnxEngine();
  const resident = await engine.keep({ dtype: 'float32', shape: [2] });
  await engine.close();
  await expect(resident.release()).resolves.toBeUndefined();
});

it('everything that is loaded or kept in src has an owner', () => {
  const src = fileURLToPath(new URL('..', import.meta.url));
  const unowned: string[] = [];
  let found = 0;
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || /\.test\.ts$|^runtime\b/.test(file)) continue;
    const lines = readFileSync(join(src, file), 'utf8').split('\n');
    for (const [index, line] of lines.entries()) {
      if (!/\bengine\.(load|keep)\(/.test(line)) continue;
      found++;
      const owned = /await using|\.own\(/.test(line) || /return held\(/.test(lines[index + 1]!);
      if (!owned) unowned.push(`${file}:${index + 1}: ${line.trim()}`);
    }
  }
  expect(unowned).toEqual([]);
  expect(found).toBeGreaterThan(10);
});
