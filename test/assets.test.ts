/** The bundled model and texts fit together. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mobyDick, stateOfTheUnion } from '../scripts/assets/corpora.ts';
import { readWeight } from '../src/checkpoint/index.ts';
import { openModel } from '../src/models/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { makeSequences, readDocuments, sequencesOf } from '../src/text/index.ts';
import { evaluateLoss } from '../src/training/index.ts';

const assets = fileURLToPath(new URL('../assets', import.meta.url));
const readAsset = (path: string) => readFileSync(join(assets, path), 'utf8');

describe('bundled texts', () => {
  it('are the held-out addresses and the first chapters', () => {
    const { training, heldOut } = stateOfTheUnion();
    expect([training.length, heldOut.map(({ year }) => year)]).toEqual([228, [1813, 1861, 1909, 1957, 2004]]);
    expect(readAsset('text/state-of-the-union.txt')).toBe(
      heldOut.map(({ text }) => `${text.trim()}\n\n`).join(''),
    );
    expect(readAsset('text/moby-dick.txt')).toBe(mobyDick(400_000));
    expect(readAsset('text/moby-dick.txt')).toMatch(/^CHAPTER 1\. Loomings\.\n\nCall me Ishmael\./);
  });
});

describe('bundled model', () => {
  it('is small enough for git', () => {
    const files = readdirSync(assets, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    expect(bytes).toBeLessThan(12e6);
  });

  it('is trained: far below ln 4096 = 8.3, the loss of a uniform guess, on a text that it has not seen', async () => {
    const { definition, checkpoint, tokenizer, parameters } = await openModel(join(assets, 'model'));
    const all = makeSequences(
      (await readDocuments(join(assets, 'text/moby-dick.txt'))).documents,
      await tokenizer(),
      { seqLen: 256, pack: true },
    );
    expect(all.count).toBeGreaterThanOrEqual(400);
    expect(parameters).toBe(4_273_664);
    const some = sequencesOf(all.batch([...Array(8).keys()]));
    const weights = Object.fromEntries(
      definition.weights.map(({ name }) => [name, readWeight(checkpoint, name)]),
    );
    const engine = createOnnxEngine();
    const { loss, targets } = await evaluateLoss(engine, definition, weights, some, 4);
    await engine.close();
    expect(targets).toBe(8 * 255);
    expect(loss).toBeLessThan(6);
    expect(loss).toBeGreaterThan(4);
  });
});
