import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { createRng } from '../numeric/index.ts';
import { killAtRandomMoments } from './testing/kill-at-random.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-killed-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

// `node --import tsx scripts/kill-training.ts 50` does the same at fifty moments.
it('a killed run leaves readable files and ends, resumed, with the same numbers', async () => {
  const modelPath = makeTinyModel(join(base, 'tiny'));
  const dataPath = writeText(join(base, 'text.txt'), 200);
  const outcome = await killAtRandomMoments({ base, modelPath, dataPath, moments: 3, rng: createRng(1) });
  expect(outcome.differing).toEqual([]);
  expect(outcome.killed).toBeGreaterThan(0);
}, 300_000);
