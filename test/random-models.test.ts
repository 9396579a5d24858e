/** The ways in which files say what a model is, against transformers in float64 (`make-random-models.py`). */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openModel } from '../src/models/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { expectReference, type ModelReference } from './support/model-reference.ts';

const MODELS = fileURLToPath(new URL('./reference/random-models/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const names = readdirSync(MODELS, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

it('are 26', () => expect(names).toHaveLength(26));

describe.each(names)('%s', (name) => {
  const place = join(MODELS, name);
  const reference: ModelReference = JSON.parse(readFileSync(join(place, 'reference.json'), 'utf8'));

  it('has the loss, norms and coverage of transformers in float64', async () => {
    const model = await openModel(existsSync(join(place, 'model.gguf')) ? join(place, 'model.gguf') : place, {
      cacheFolder: folder,
    });
    expect(model.warnings.length > 0, model.warnings.join('\n')).toBe(reference.warns);
    await expectReference(engine, model, reference, join(folder, `${name}.safetensors`));
  });
});

describe('what transformers does not open', () => {
  const refused: { folder: string; config: object }[] = JSON.parse(
    readFileSync(join(MODELS, 'refused.json'), 'utf8'),
  );
  it.each(refused)('is refused: $folder with $config', async ({ folder: name, config }) => {
    const copy = mkdtempSync(join(folder, 'refused-'));
    cpSync(join(MODELS, name), copy, { recursive: true });
    writeFileSync(join(copy, 'config.json'), JSON.stringify(config));
    await expect(openModel(copy, { cacheFolder: folder })).rejects.toMatchObject({
      name: 'UserError',
      code: expect.stringMatching(/^(config-invalid|config-unsupported|weight-shape)$/),
    });
  });
});
