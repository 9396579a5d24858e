/** What a model learns of the end of a text: it is a target, and generating stops there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeTinyModel } from '../../test/e2e/tiny-model.ts';
import { adaptedModel, loadAdapter } from '../adapters/index.ts';
import { generateTokens, openModel } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { train } from './index.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-stop-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

it('a model that is trained on prompts and completions stops after its completion', async () => {
  const folder = makeTinyModel(join(base, 'tiny'));
  writeFileSync(join(folder, 'tokenizer_config.json'), '{"eos_token": "z"}');
  const model = await openModel(folder, { cacheFolder: join(base, 'cache') });
  const tokenizer = await model.tokenizer();
  const data = join(base, 'rows.jsonl');
  const rows = [
    { prompt: 'ab', completion: 'cd' },
    { prompt: 'ba', completion: 'dcd' },
  ];
  writeFileSync(data, Array.from({ length: 8 }, (_, i) => JSON.stringify(rows[i % 2])).join('\n'));
  const directory = join(base, 'run');
  await train(model, data, {
    directory,
    adapter: 'full',
    pack: false,
    steps: 60,
    batchSize: 4,
    seqLen: 8,
    learningRate: 0.02,
  });
  const tuned = adaptedModel(model, await loadAdapter(directory, model));
  const engine = createOnnxEngine();
  const { ends, hasToken } = tokenizer;
  const choices = { maxTokens: 20, temperature: 0, topP: 1, ends, hasToken, rng: createRng(0) };
  for (const { prompt, completion } of rows) {
    const made: number[] = [];
    for await (const id of generateTokens(engine, tuned, tokenizer.encode(prompt), choices)) made.push(id);
    expect(tokenizer.decode(made)).toBe(completion);
  }
  await engine.close();
});
