/** Trainings that keep within less memory, on both architectures. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { trainedArrays, uniformPlan } from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { openModel } from '../models/index.ts';
import { readTrainMetrics } from '../record/index.ts';
import { train } from './index.ts';
import { planTraining } from './train-memory.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-memory-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const text = writeText(join(base, 'text.txt'), 400);
const SETTINGS = { batchSize: 32, seqLen: 16, rank: 2, steps: 2, coverageEvery: 1, seed: 3 };

describe.each(['gpt2', 'llama'])('%s', (name) => {
  const opened = openModel(makeTinyModel(join(base, name), undefined, name), { cacheFolder: base });

  it.each(['core', 'factors', 'full'] as const)(
    '%s: trains the same numbers, bit for bit',
    async (adapter) => {
      const model = await opened;
      const choice = { adapter, basis: 'svd', rank: 2, scale: 1, layers: '*' };
      const { layers } = uniformPlan(model.definition.layers, choice, undefined);
      const plan = (bytes: number) =>
        planTraining(model, layers, SETTINGS, { bytes, whence: 'as asked', asked: true });
      const free = plan(1e12);
      expect(free).toMatchObject({ recomputed: 0, notes: [] });
      const tight = plan(free.estimatedBytes - 1);
      expect(tight.recomputed).toBeGreaterThan(0);
      expect(tight.estimatedBytes).toBeLessThanOrEqual(tight.boundBytes);
      expect(tight.notes.join()).toContain('computed twice');

      const run = async (memory: number, folder: string) => {
        const directory = join(base, `${name}-${adapter}-${folder}`);
        const told: number[] = [];
        const { record, adapter: trained } = await train(model, text, {
          ...SETTINGS,
          directory,
          adapter,
          memory,
          onMemory: ({ estimatedBytes }) => told.push(estimatedBytes),
        });
        const metrics = readTrainMetrics(directory).map(({ tokensPerSecond: _, ...rest }) => rest);
        return { arrays: trainedArrays(trained), metrics, notes: record.notes, told };
      };
      const [plain, fitted] = [await run(1e12, 'plain'), await run(tight.boundBytes, 'fitted')];
      expect(fitted.told).toEqual([tight.estimatedBytes]);
      expect(fitted.notes).toContain(tight.notes[0]);
      expect(fitted.arrays).toEqual(plain.arrays);
      expect(fitted.metrics).toEqual(plain.metrics);
    },
  );

  it('says what it would take when it does not fit', async () => {
    const directory = join(base, `${name}-refused`);
    const refusal = await train(await opened, text, { ...SETTINGS, directory, memory: 1e8 }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(UserError);
    expect((refusal as UserError).message).toMatch(
      /does not fit into the memory that it may take\n +got: +100 MB, as asked\n +expected: at least 3\d\d MB/,
    );
  });
});
