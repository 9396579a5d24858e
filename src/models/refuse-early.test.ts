import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { refuseEarly } from './refuse-early.ts';

const REFERENCES = fileURLToPath(new URL('../../test/reference/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'early-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const models = ['architectures', 'random-models', 'models'].flatMap((place) =>
  readdirSync(join(REFERENCES, place)).map((name) => join(REFERENCES, place, name)),
);
const withConfig = models.filter((path) => existsSync(join(path, 'config.json')));

describe('a config, before the weights are there', () => {
  it('of a model that can be opened is never refused', () => {
    expect(withConfig.length).toBeGreaterThan(40);
    for (const path of withConfig) expect(() => refuseEarly(path), path).not.toThrow();
  });

  it.each([
    [{ model_type: 'mixtral' }, /mixture of experts/],
    [{ model_type: 'unheard-of' }, /unheard-of/],
    [{ quantization_config: { bits: 4 } }, /quantization_config/],
  ])('%j is refused', (change, message) => {
    const config = JSON.parse(readFileSync(join(REFERENCES, 'models/llama/config.json'), 'utf8'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...change }));
    expect(() => refuseEarly(folder)).toThrow(message);
  });

  it('that only weights complete is left to them', () => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'llama' }));
    expect(() => refuseEarly(folder)).not.toThrow();
  });
});
