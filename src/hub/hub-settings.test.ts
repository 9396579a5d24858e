import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHubSettings } from './hub-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'hub-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what the environment says of the hub', () => {
  it.each([
    [{}, join(homedir(), '.cache/huggingface/hub')],
    [{ XDG_CACHE_HOME: '/c' }, '/c/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/c', HF_HOME: '/h' }, '/h/hub'],
    [{ HF_HOME: '~/h' }, join(homedir(), 'h/hub')],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
  ])('%j keeps its cache in %s', (env, cache) => {
    expect(readHubSettings(env).cache).toBe(cache);
  });

  it('takes a token from the variable, then from the file', () => {
    writeFileSync(join(folder, 'token'), 'hf_file\n');
    expect(readHubSettings({ HF_HOME: folder }).token).toBe('hf_file');
    expect(readHubSettings({ HF_HOME: folder, HF_TOKEN: ' hf_variable\n' }).token).toBe('hf_variable');
    expect(readHubSettings({ HF_HOME: '/none', HF_TOKEN_PATH: join(folder, 'token') }).token).toBe('hf_file');
    expect(readHubSettings({ HF_HOME: '/none' }).token).toBeUndefined();
    expect(readHubSettings({ HF_HOME: folder, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBeUndefined();
  });

  it('never tells a token that is none', () => {
    let message = '';
    try {
      readHubSettings({ HF_TOKEN: 'hf_sécret' });
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/HF_TOKEN/);
    expect(message).not.toMatch(/cret/);
  });

  it('knows when it is offline, and another address', () => {
    expect(readHubSettings({ HF_HUB_OFFLINE: 'yes' }).offline).toBe(true);
    expect(readHubSettings({ TRANSFORMERS_OFFLINE: '1' }).offline).toBe(true);
    expect(readHubSettings({ HF_HUB_OFFLINE: '0' }).offline).toBe(false);
    expect(readHubSettings({ HF_ENDPOINT: 'https://mirror.example/' }).endpoint).toBe(
      'https://mirror.example',
    );
    expect(readHubSettings({}).endpoint).toBe('https://huggingface.co');
    expect(() => readHubSettings({ HF_ENDPOINT: 'mirror' })).toThrow(/HF_ENDPOINT/);
  });
});
