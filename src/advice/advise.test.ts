import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { readPlan } from '../adapters/index.ts';
import { type Model, openModel } from '../models/index.ts';
import { readAdviceRecord, writeAdviceRecord } from '../record/index.ts';
import { advise } from './index.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-advise-'));
const text = writeText(join(base, 'text.txt'), 600);
let model: Model;
beforeAll(async () => {
  model = await openModel(makeTinyModel(join(base, 'tiny')), { cacheFolder: join(base, 'cache') });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const SMALL = { seqLen: 16, batchTokens: 32, calibrationBatches: 4, steps: 20 } as const;

it('gives a plan that training takes, within the budget, and a record that is read again', async () => {
  const { record, layers } = await advise(model, text, { ...SMALL, maxParams: 100 });
  expect(record.budget).toEqual({ asked: '100 parameters', parameters: 100 });
  const { plan } = record;
  expect(plan.parameters).toBeLessThanOrEqual(100);
  expect(plan.layers).toHaveLength(8);
  expect(layers.reduce((sum, { rank }) => sum + rank ** 2, 0)).toBe(plan.parameters);
  expect(record.settings).toMatchObject({
    batchSize: 2,
    probeBatchSize: 1,
    calibrationBatches: 8,
    batches: 8,
  });
  expect(record.cost.steps).toBe(16);
  const file = join(base, 'plan.json');
  writeFileSync(file, JSON.stringify({ schema: 'rankscope.plan', version: 1, layers }));
  const read = readPlan(file, model.definition.layers, 1);
  expect(read.layers.map(({ layer, basis, rank }) => [layer.name, basis, rank])).toEqual(
    layers.map(({ name, basis, rank }) => [name, basis, rank]),
  );
  writeAdviceRecord(base, record);
  expect(readAdviceRecord(base)).toEqual(record);
});

it('refuses a budget before it looks at anything', async () => {
  const refused = advise(model, join(base, 'missing.txt'), { ...SMALL, maxParams: 7 });
  await expect(refused).rejects.toMatchObject({ code: 'budget-too-small' });
});
