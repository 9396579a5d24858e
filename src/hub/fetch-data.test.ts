import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMIT, type FakeHub, startFakeHub } from '../../test/support/fake-hub.ts';
import { chooseData } from './choose-data.ts';
import { parseHubReference } from './hub-reference.ts';
import { type HubOptions, type HubSettings, locateData } from './index.ts';
import type { DataConfig } from './repository-info.ts';

const chosen = (name: string, names: readonly string[], configs: readonly DataConfig[] = []) =>
  chooseData(names, configs, parseHubReference(name, 'datasets')!);

describe('the files of a data set', () => {
  const splits = [
    'README.md',
    'data/train-00000-of-00002.parquet',
    'data/train-00001-of-00002.parquet',
    'data/test-00000-of-00001.parquet',
  ];
  const train = splits.slice(1, 3);

  it.each([
    ['org/d', splits, train],
    ['org/d:train', splits, train],
    ['org/d:default/test', splits, [splits[3]]],
    ['org/d', ['only.jsonl', 'dataset_infos.json', '.gitattributes'], ['only.jsonl']],
    ['org/d', ['b.jsonl', 'a.jsonl'], ['a.jsonl', 'b.jsonl']],
    ['org/d', ['val.jsonl', 'training.jsonl', 'extra.jsonl'], ['training.jsonl']],
    ['org/d:validation', ['dev.jsonl', 'train.jsonl'], ['dev.jsonl']],
    ['org/d/sub/x.jsonl', ['sub/x.jsonl', 'train.jsonl'], ['sub/x.jsonl']],
    [
      'org/d:default/test',
      ['default/test/0000.parquet', 'other/test/0000.parquet'],
      ['default/test/0000.parquet'],
    ],
    [
      'org/d@refs/convert/parquet:other',
      ['default/test/0000.parquet', 'other/test/0000.parquet'],
      ['other/test/0000.parquet'],
    ],
  ])('%s of %j', (name, names, files) => {
    expect(chosen(name, names)).toEqual(files);
  });

  it('are those that its card declares', () => {
    const configs = [
      { name: 'default', splits: [{ split: 'train', patterns: ['data/*.jsonl', 'more/**'] }] },
      { name: 'small', splits: [{ split: 'train', patterns: ['{tiny,mini}/[a-c]?.jsonl'] }] },
      { name: 'none', splits: [{ split: 'train', patterns: ['[z-a]', 'away/*'] }] },
    ];
    const names = ['data/a.jsonl', 'data/deep/b.jsonl', 'more/x/c.jsonl', 'mini/b1.jsonl', 'tiny/d1.jsonl'];
    expect(chosen('org/d', names, configs)).toEqual(['data/a.jsonl', 'more/x/c.jsonl']);
    expect(chosen('org/d:small', names, configs)).toEqual(['mini/b1.jsonl']);
    expect(() => chosen('org/d:none', names, configs)).toThrow(/default\/train \(2 files\)/);
  });

  it('are those of the folders of its configurations', () => {
    const configs = ['en', 'de'].map((name) => ({ name, splits: [{ split: null, patterns: [name] }] }));
    const names = ['de/test.jsonl', 'de/train.jsonl', 'en/a.jsonl', 'en/b.jsonl', 'other/train.jsonl'];
    expect(chosen('org/d:en', names, configs)).toEqual(['en/a.jsonl', 'en/b.jsonl']);
    expect(chosen('org/d:de/test', names, configs)).toEqual(['de/test.jsonl']);
    expect(() => chosen('org/d', names, configs)).toThrow(/org\/d:de\/test \(1 file\)/);
  });

  it.each([
    ['org/d', ['test.jsonl', 'dev.jsonl'], /org\/d:validation \(1 file\)\n.*org\/d:test \(1 file\)/],
    ['org/d:nothing', splits, /org\/d:train \(2 files\)/],
    ['org/d', ['train.csv', 'train.jsonl'], /several kinds/],
    ['org/d', ['README.md'], /holds no text.*refs\/convert\/parquet/s],
    ['org/d/x.jsonl', ['y.jsonl'], /no file x\.jsonl.*org\/d\/y\.jsonl/s],
  ])('%s of %j is refused', (name, names, message) => {
    expect(() => chosen(name, names)).toThrow(message);
  });
});

describe('a data set of the hub', () => {
  let folder: string;
  let hub: FakeHub;
  let settings: HubSettings;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hub-data-'));
    const line = (text: string) => Buffer.from(`${JSON.stringify({ text })}\n`);
    hub = await startFakeHub({
      'datasets/org/d': [
        { name: 'train.jsonl', bytes: line('one') },
        { name: 'test.jsonl', bytes: line('two'), lfs: true },
      ],
    });
    settings = {
      endpoint: hub.endpoint,
      cache: join(folder, 'hub'),
      token: undefined,
      offline: false,
      silenceMs: 1000,
      pauseMs: 1,
    };
  });
  afterEach(async () => {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const located = (names: string[], options: HubOptions = {}) =>
    locateData(names, { hub: settings, ...options });
  const snapshot = () => join(settings.cache, 'datasets--org--d/snapshots', COMMIT);

  it('comes as files, among others', async () => {
    const paths = await located(['notes.txt', 'org/d', 'org/d:test', './org/d']);
    expect(paths).toEqual([
      'notes.txt',
      join(snapshot(), 'train.jsonl'),
      join(snapshot(), 'test.jsonl'),
      './org/d',
    ]);
    expect(readFileSync(paths[2]!, 'utf8')).toContain('two');
    expect(hub.asked.filter(({ path }) => path.includes('resolve')).map(({ path }) => path)).toEqual([
      `/datasets/org/d/resolve/${COMMIT}/train.jsonl`,
      `/datasets/org/d/resolve/${COMMIT}/test.jsonl`,
    ]);
  });

  it('is there without a network, and says that it is not known to be whole', async () => {
    const offline = { hub: { ...settings, offline: true } };
    await expect(located(['org/d'], offline)).rejects.toThrow(/not in the cache/);
    await located(['org/d']);
    hub.asked.length = 0;
    const notes: string[] = [];
    const options = { ...offline, onNote: (note: string) => notes.push(note) };
    expect(await located(['org/d/train.jsonl'], options)).toEqual([join(snapshot(), 'train.jsonl')]);
    expect(notes).toEqual([]);
    expect(await located(['org/d'], options)).toEqual([join(snapshot(), 'train.jsonl')]);
    expect(notes).toEqual([expect.stringContaining('not asked')]);
    await expect(located(['org/d/test.jsonl'], offline)).rejects.toThrow(/not in the cache/);
    expect(hub.asked).toEqual([]);
    expect(await located(['org/d/train.jsonl'])).toEqual([join(snapshot(), 'train.jsonl')]);
    expect(hub.asked).toEqual([]);
  });

  it('is what its card says', async () => {
    const told = [
      { config_name: 'default', data_files: [{ split: 'train', path: 'test.*' }] },
      { config_name: 'folder', data_dir: 'none' },
      { data_files: 'train.jsonl' },
    ];
    hub.cards = { 'org/d': { configs: told.slice(0, 2) } };
    expect(await located(['org/d'])).toEqual([join(snapshot(), 'test.jsonl')]);
    hub.cards = { 'org/d': { configs: told.slice(2) } };
    expect(await located(['org/d'])).toEqual([join(snapshot(), 'train.jsonl')]);
  });

  it('that is gated says where to ask', async () => {
    hub.fault = (_, response) => {
      response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
      return true;
    };
    await expect(located(['org/d'])).rejects.toThrow(`ask for access on ${hub.endpoint}/datasets/org/d`);
  });
});
