import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { keepIdentities } from './setting-identity.ts';
import { prepareSetting } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = makeTinyModel(join(folder, 'tiny'));
const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
const data = writeText(join(folder, 'text.txt'), 400);
const prepare = (path = model, kind: 'random-start' | 'real' = 'real') =>
  prepareSetting({ kind, model: path, data, quick: true, cacheFolder: join(folder, 'cache') });

describe('settings of a run', () => {
  it('are held against those that it began with', async () => {
    const run = mkdtempSync(join(folder, 'run-'));
    const setting = await prepare();
    keepIdentities(run, [setting]);
    keepIdentities(run, [setting]);
    const other = join(folder, 'other');
    cpSync(model, other, { recursive: true });
    writeFileSync(join(other, 'config.json'), JSON.stringify({ ...config, layer_norm_epsilon: 0.1 }));
    const changed = await prepare(other);
    expect(changed.contents).toEqual(setting.contents);
    expect(() => keepIdentities(run, [changed])).toThrow(/another config[\s\S]*layer_norm_epsilon 0.1/);
    const tokens = { ...setting, identity: { ...setting.identity, tokensSha256: 'ab' } };
    expect(() => keepIdentities(run, [tokens])).toThrow('another tokenizer');
    // Other weights are other trials.
    keepIdentities(run, [{ ...changed, contents: ['other', 'text'] }]);
    writeFileSync(join(run, 'settings.json'), '{"real": 1}');
    expect(() => keepIdentities(run, [setting])).toThrow('does not hold the settings');
  });

  it('say what an older run does not tell', () => {
    const run = mkdtempSync(join(folder, 'run-'));
    writeFileSync(join(run, 'trials.jsonl'), '');
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    keepIdentities(run, []);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('older version'));
    keepIdentities(run, []);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});

describe('a random start', () => {
  it('is made once, and again when it is damaged or its tokenizer is another', async () => {
    const { setting, contents } = await prepare(model, 'random-start');
    expect((await prepare(model, 'random-start')).setting.model).toBe(setting.model);
    const weights = join(setting.model, 'model.safetensors');
    const bytes = readFileSync(weights);
    writeFileSync(weights, Buffer.from(bytes).fill(0, bytes.length - 64));
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    expect((await prepare(model, 'random-start')).contents).toEqual(contents);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('is damaged'));
    warn.mockRestore();
    expect(readFileSync(weights).equals(bytes)).toBe(true);

    const tokenizer = join(model, 'tokenizer.json');
    writeFileSync(tokenizer, `${readFileSync(tokenizer, 'utf8')} `);
    expect((await prepare(model, 'random-start')).setting.model).not.toBe(setting.model);
    expect(readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('random-start'))).toHaveLength(
      2,
    );
  });
});
