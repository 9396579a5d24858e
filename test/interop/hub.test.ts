/** huggingface_hub reads the cache that we fill, and we read the one that it fills. */
import { execFile } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubSettings, locateData, locateModel } from '../../src/hub/index.ts';
import { openModel } from '../../src/models/index.ts';
import { makeTinyModel } from '../e2e/tiny-model.ts';
import { COMMIT, type FakeFile, type FakeHub, startFakeHub } from '../support/fake-hub.ts';

const run = promisify(execFile);
const python = process.env.RANKSCOPE_PYTHON ?? 'python3';
const version = await run(python, ['-c', 'import huggingface_hub as h; print(h.__version__)']).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
);
const reason = version === undefined ? ` (skipped: ${python} has no huggingface_hub)` : ` (${version})`;

const folder = mkdtempSync(join(tmpdir(), 'interop-hub-'));
const LOAD = 'AutoModelForCausalLM.from_pretrained("org/tiny"); AutoTokenizer.from_pretrained("org/tiny")';
let hub: FakeHub;
beforeAll(async () => {
  const path = makeTinyModel(join(folder, 'made'));
  const files = readdirSync(path).map(
    (name): FakeFile => ({
      name,
      bytes: readFileSync(join(path, name)),
      lfs: name.endsWith('.safetensors'),
    }),
  );
  const pickled = { name: 'pytorch_model.bin', bytes: Buffer.from('pickled'), lfs: true };
  hub = await startFakeHub({
    'models/org/tiny': [...files, pickled],
    'datasets/org/text': [{ name: 'train.jsonl', bytes: Buffer.from('{"text":"one"}\n') }],
  });
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const settingsOf = (home: string, offline = false): HubSettings => ({
  endpoint: hub.endpoint,
  cache: join(folder, home, 'hub'),
  token: undefined,
  offline,
  silenceMs: 10_000,
  pauseMs: 100,
});

/** Runs Python with a cache of its own; gives what it printed last. */
async function ask(home: string, program: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(python, ['-c', program], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      HF_HOME: join(folder, home),
      HF_ENDPOINT: hub.endpoint,
      HF_HUB_DISABLE_XET: '1',
      ...env,
    },
  });
  return stdout.trim().split('\n').at(-1)!;
}

/** Names in a cache and where their links lead; without locks, and lists and marks that only one of the two keeps. */
const layoutOf = (home: string): string[] => {
  const cache = join(folder, home, 'hub');
  return readdirSync(cache, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^\.locks|CACHEDIR|\.no_exist|trees|\.cache/.test(name))
    .filter((name) => !lstatSync(join(cache, name)).isDirectory())
    .map((name) => {
      const isLink = lstatSync(join(cache, name)).isSymbolicLink();
      return isLink ? `${name} -> ${readlinkSync(join(cache, name))}` : name;
    })
    .toSorted();
};

describe.skipIf(version === undefined)(`huggingface_hub${reason}`, () => {
  it('finds what we download, with no network', async () => {
    const path = await locateModel('org/tiny', { hub: settingsOf('ours') });
    const [text] = await locateData(['org/text'], { hub: settingsOf('ours') });
    hub.asked.length = 0;
    const snapshot = (kind: string, id: string) =>
      `from huggingface_hub import snapshot_download; print(snapshot_download("${id}", repo_type="${kind}", local_files_only=True))`;
    expect(await ask('ours', snapshot('model', 'org/tiny'))).toBe(path);
    expect(`${await ask('ours', snapshot('dataset', 'org/text'))}/train.jsonl`).toBe(text);
    const lacks =
      'from huggingface_hub import try_to_load_from_cache as t; print(type(t("org/tiny", "chat_template.jinja")).__name__, t("org/tiny", "config.json"))';
    expect(await ask('ours', lacks)).toBe(`object ${path}/config.json`);
    expect(hub.asked).toEqual([]);
  });

  it('has its caches scanned without a warning', async () => {
    const scan =
      'from huggingface_hub import scan_cache_dir as s; c = s(); print(len(c.repos), len(c.warnings), sorted(r.repo_id for r in c.repos), sorted(x for r in c.repos for x in r.refs))';
    expect(await ask('ours', scan)).toBe("2 0 ['org/text', 'org/tiny'] ['main', 'main']");
  });

  it('and transformers take a model from it', async () => {
    const load = `from transformers import AutoModelForCausalLM, AutoTokenizer; ${LOAD}; print("loaded")`;
    expect(await ask('ours', load, { HF_HUB_OFFLINE: '1' })).toBe('loaded');
  });

  it('fills the cache as we do, and we take it from there with no question', async () => {
    const patterns = '["*.json", "*.safetensors"]';
    await ask(
      'theirs',
      `from huggingface_hub import snapshot_download; print(snapshot_download("org/tiny", allow_patterns=${patterns})); snapshot_download("org/text", repo_type="dataset")`,
    );
    expect(layoutOf('theirs')).toEqual(layoutOf('ours'));
    hub.asked.length = 0;
    const path = await locateModel('org/tiny', { hub: settingsOf('theirs', true) });
    expect(path).toBe(join(folder, 'theirs/hub/models--org--tiny/snapshots', COMMIT));
    expect((await openModel(path)).name).toBe('tiny');
    expect(hub.asked).toEqual([]);
  });

  it('left by transformers is used with no question, marks of absent files included', async () => {
    const load = `from transformers import AutoModelForCausalLM, AutoTokenizer; ${LOAD}; print("loaded")`;
    expect(await ask('loaded', load)).toBe('loaded');
    hub.asked.length = 0;
    await locateModel('org/tiny', { hub: settingsOf('loaded') });
    expect(hub.asked).toEqual([]);
  });

  it('downloads at the same time as we do', async () => {
    const download = 'from huggingface_hub import snapshot_download; print(snapshot_download("org/tiny"))';
    const [theirs, ours] = await Promise.all([
      ask('both', download),
      locateModel('org/tiny', { hub: settingsOf('both') }),
    ]);
    expect(theirs).toBe(ours);
    expect((await openModel(ours)).name).toBe('tiny');
  });
});
