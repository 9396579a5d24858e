import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMIT, etagOf, type FakeFile, type FakeHub, startFakeHub } from '../../test/support/fake-hub.ts';
import { type DownloadProgress, type HubOptions, type HubSettings, hubOrigin, locateModel } from './index.ts';

const random = (length: number, seed: number): Buffer => {
  const parts: Buffer[] = [];
  for (let count = 0; count * 32 < length; count++)
    parts.push(createHash('sha256').update(`${seed} ${count}`).digest());
  return Buffer.concat(parts).subarray(0, length);
};
const text = (name: string, value: unknown): FakeFile => ({
  name,
  bytes: Buffer.from(JSON.stringify(value)),
});
const large = (name: string, length: number, seed = 1): FakeFile => ({
  name,
  bytes: random(length, seed),
  lfs: true,
});

const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
const SHARDED = [
  text('config.json', { model_type: 'llama' }),
  text('tokenizer.json', { model: {} }),
  text('tokenizer_config.json', {}),
  text('model.safetensors.index.json', { weight_map: { a: SHARDS[0], b: SHARDS[1] } }),
  large(SHARDS[0], 300_000, 1),
  large(SHARDS[1], 200_000, 2),
  large('pytorch_model.bin', 500_000, 3),
  large('onnx/model.onnx', 500_000, 4),
  text('README.md', 'read me'),
];
const SINGLE = [
  text('config.json', { model_type: 'gpt2' }),
  text('tokenizer.json', { model: {} }),
  text('generation_config.json', { eos_token_id: 0 }),
  text('chat_template.jinja', '{{ messages }}'),
  large('model.safetensors', 400_000),
];
const GGUF = [
  large('Tiny.Q4_K_M.gguf', 1000, 5),
  large('Tiny.Q8_0.gguf', 2000, 6),
  large('big/Tiny-F16-00001-of-00002.gguf', 3000, 7),
  large('big/Tiny-F16-00002-of-00002.gguf', 3000, 8),
  large('mmproj-Tiny-F16.gguf', 500, 9),
];

let folder: string;
let hub: FakeHub;
let settings: HubSettings;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hub-'));
  hub = await startFakeHub({
    'models/org/sharded': SHARDED,
    'models/org/single': SINGLE,
    'models/org/gguf': GGUF,
    'models/org/one-gguf': [GGUF[0]!],
    'models/org/pickled': [text('config.json', {}), large('pytorch_model.bin', 100)],
  });
  settings = {
    endpoint: hub.endpoint,
    cache: join(folder, 'hub'),
    token: 'hf_secret',
    offline: false,
    silenceMs: 1000,
    pauseMs: 1,
  };
});
afterEach(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const fetched = (name: string, options: HubOptions = {}) => locateModel(name, { hub: settings, ...options });
const cacheOf = (name: string) => join(settings.cache, `models--org--${name}`);
const namesIn = (path: string) =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !lstatSync(join(path, name)).isDirectory())
    .toSorted();
const contentOf = (path: string) => readFileSync(path);
const askedFor = (part: string) => hub.asked.filter(({ path }) => path.includes(part));
async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    expect(String(error)).not.toContain('hf_secret');
    return error as Error;
  }
  throw new Error('it did not fail');
}

describe('a model of the hub', () => {
  it('is what its index names and what stands beside it, laid out as huggingface_hub does', async () => {
    const path = await fetched('org/sharded');
    expect(path).toBe(join(cacheOf('sharded'), 'snapshots', COMMIT));
    const wanted = SHARDED.filter(({ name }) => !/bin|onnx|README/.test(name));
    expect(namesIn(path)).toEqual(wanted.map(({ name }) => name).toSorted());
    for (const file of wanted) {
      expect(readlinkSync(join(path, file.name))).toBe(`../../blobs/${etagOf(file)}`);
      expect(contentOf(join(path, file.name)).equals(file.bytes)).toBe(true);
    }
    expect(readFileSync(join(cacheOf('sharded'), 'refs/main'), 'utf8')).toBe(COMMIT);
    expect(namesIn(join(cacheOf('sharded'), '.no_exist', COMMIT))).toContain('generation_config.json');
    expect(namesIn(join(cacheOf('sharded'), 'blobs'))).toHaveLength(wanted.length);
  });

  it('is taken from the cache without a question, by revision and by commit', async () => {
    await fetched('org/sharded');
    await fetched('org/single');
    hub.asked.length = 0;
    await fetched('org/sharded');
    await fetched(`org/sharded@${COMMIT}`);
    await fetched('org/single');
    await fetched('org/single', { hub: { ...settings, offline: true } });
    expect(hub.asked).toEqual([]);
  });

  it('is completed when a file of it is gone', async () => {
    const path = await fetched('org/sharded');
    rmSync(join(cacheOf('sharded'), 'blobs', etagOf(SHARDED[5]!)));
    hub.asked.length = 0;
    expect(await fetched('org/sharded')).toBe(path);
    expect(askedFor('/resolve/').map(({ path }) => path.split('/').at(-1))).toEqual([SHARDS[1]]);
    expect(contentOf(join(path, SHARDS[1])).equals(SHARDED[5]!.bytes)).toBe(true);
  });

  it('is not taken half when there is no network', async () => {
    const path = await fetched('org/sharded');
    rmSync(join(cacheOf('sharded'), 'blobs', etagOf(SHARDED[5]!)));
    const offline = { hub: { ...settings, offline: true } };
    hub.asked.length = 0;
    const error = await errorOf(fetched('org/sharded', offline));
    expect(error.code).toBe('hub-offline');
    expect(error.message).toContain(path);
    expect((await errorOf(fetched('org/none', offline))).message).toMatch(
      /no file or folder org\/none here.*nothing of org\/none in/s,
    );
    expect(hub.asked).toEqual([]);
  });

  it('of another revision has a commit of its own', async () => {
    hub.revisions = { v1: COMMIT, 'refs/pr/1': COMMIT };
    await fetched('org/single@v1');
    await fetched('org/single@refs/pr/1');
    expect(namesIn(join(cacheOf('single'), 'refs'))).toEqual(['refs/pr/1', 'v1']);
    expect(askedFor('refs%2Fpr%2F1').length + askedFor('refs/pr/1').length).toBe(1);
  });

  it('does not hide behind a path, nor a path behind it', async () => {
    mkdirSync(join(folder, 'org/single'), { recursive: true });
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await fetched('org/single')).toBe('org/single');
      expect(await fetched('org/deep/x.gguf')).toBe('org/deep/x.gguf');
    } finally {
      process.chdir(before);
    }
    expect(await fetched('./org/single')).toBe('./org/single');
    expect(hub.asked).toEqual([]);
  });

  it('is known by its path in the cache', async () => {
    expect(hubOrigin(await fetched('org/single'))).toEqual({ id: 'org/single', commit: COMMIT });
    expect(hubOrigin(await fetched('org/gguf/big/Tiny-F16-00001-of-00002.gguf'))).toEqual({
      id: 'org/gguf',
      commit: COMMIT,
      file: 'big/Tiny-F16-00001-of-00002.gguf',
    });
    expect(hubOrigin('/models/tiny')).toBeUndefined();
  });

  it('gives its tokenizer alone', async () => {
    const path = await locateModel('org/single', { hub: settings, need: 'tokenizer' });
    expect(namesIn(path)).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      'tokenizer.json',
    ]);
    expect(await fetched('org/single')).toBe(path);
    expect(existsSync(join(path, 'model.safetensors'))).toBe(true);
  });

  it('that is not for us is known before its weights are asked for', async () => {
    const beforeWeights = (folder: string) => {
      expect(namesIn(folder)).toContain('config.json');
      throw new Error('not for us');
    };
    for (const name of ['org/single', 'org/sharded'])
      expect((await errorOf(fetched(name, { beforeWeights }))).message).toBe('not for us');
    expect(askedFor('safetensors')).toEqual([]);
  });

  it('of pickled weights, or missing a shard, is refused', async () => {
    const error = await errorOf(fetched('org/pickled'));
    expect(error.code).toBe('hub-no-model');
    expect(error.message).toMatch(/pytorch_model\.bin.*refs\/pr\/1/s);
    hub.repositories['models/org/sharded'] = SHARDED.filter(({ name }) => name !== SHARDS[1]);
    expect((await errorOf(fetched('org/sharded'))).message).toContain(SHARDS[1]);
    expect(existsSync(join(cacheOf('sharded'), 'refs/main'))).toBe(false);
  });
});

describe('a GGUF file of the hub', () => {
  it.each([
    ['org/gguf:Q4_K_M', ['Tiny.Q4_K_M.gguf']],
    ['org/gguf:q8_0', ['Tiny.Q8_0.gguf']],
    ['org/gguf/Tiny.Q8_0.gguf', ['Tiny.Q8_0.gguf']],
    ['org/gguf:F16', ['big/Tiny-F16-00001-of-00002.gguf', 'big/Tiny-F16-00002-of-00002.gguf']],
    ['org/one-gguf', ['Tiny.Q4_K_M.gguf']],
  ])('%s', async (name, files) => {
    const path = await fetched(name);
    const snapshot = join(cacheOf(name.includes('one') ? 'one-gguf' : 'gguf'), 'snapshots', COMMIT);
    expect(path).toBe(join(snapshot, files[0]!));
    expect(namesIn(snapshot)).toEqual(files);
    hub.asked.length = 0;
    expect(await fetched(name, { hub: { ...settings, offline: true } })).toBe(path);
    if (!name.includes('one')) expect(await fetched(name)).toBe(path);
    expect(hub.asked).toEqual([]);
  });

  it('must be named where there are several', async () => {
    const error = await errorOf(fetched('org/gguf'));
    expect(error.code).toBe('hub-choice');
    expect(error.message).toMatch(/org\/gguf:Q4_K_M\n.*org\/gguf:Q8_0\n.*org\/gguf:F16/);
    expect(error.message).not.toContain('mmproj');
    const missing = await errorOf(fetched('org/gguf:Q2_K'));
    expect(missing.code).toBe('hub-file-not-found');
    expect(missing.message).toContain('org/gguf:Q8_0');
  });
});

describe('a hub that refuses', () => {
  const refusing = (status: number, headers: Record<string, string>) => {
    hub.fault = (_, response) => {
      response.writeHead(status, headers).end();
      return true;
    };
  };

  it('says where to ask for a gated model, and how to give a token', async () => {
    refusing(403, { 'x-error-code': 'GatedRepo' });
    const error = await errorOf(fetched('org/single'));
    expect(error.code).toBe('hub-gated');
    expect(error.message).toContain(`${hub.endpoint}/org/single`);
    refusing(401, { 'x-error-code': 'GatedRepo' });
    const unknown = await errorOf(fetched('org/single', { hub: { ...settings, token: undefined } }));
    expect(unknown.message).toMatch(/HF_TOKEN=hf_…/);
  });

  it('says it as well where only the files are gated', async () => {
    hub.fault = ({ path }, response) => {
      if (!path.includes('/resolve/')) return false;
      response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end();
      return true;
    };
    expect((await errorOf(fetched('org/single'))).code).toBe('hub-gated');
    expect(existsSync(join(cacheOf('single'), 'refs'))).toBe(false);
  });

  it('that tells no hashes is no hub', async () => {
    hub.fault = (_, response) => {
      response.writeHead(200).end(JSON.stringify({ sha: COMMIT, siblings: [{ rfilename: 'config.json' }] }));
      return true;
    };
    expect((await errorOf(fetched('org/single'))).message).toMatch(/names alone, of 1 files/);
  });

  it.each([
    [401, {}, 'hub-repository-not-found', /not known to it/],
    [403, { 'x-error-message': 'no' }, 'hub-not-allowed', /403: no/],
    [
      404,
      { 'x-error-code': 'RepoNotFound' },
      'hub-repository-not-found',
      /no file or folder org\/single here/,
    ],
    [404, { 'x-error-code': 'RevisionNotFound' }, 'hub-revision-not-found', /no revision main/],
    [418, {}, 'hub-answer', /418/],
    [200, { 'content-type': 'text/html' }, 'hub-answer', /does not answer as a hub/],
  ])('%i %j is %s', async (status, headers, code, message) => {
    refusing(status, headers as Record<string, string>);
    const error = await errorOf(fetched('org/single'));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(hub.asked.length).toBeLessThan(3);
  });

  it('knows the revisions that there are', async () => {
    hub.fault = ({ path }, response) => {
      if (!path.endsWith('/refs')) return false;
      response.writeHead(200).end(JSON.stringify({ branches: [{ name: 'main' }], tags: [{ name: 'v1' }] }));
      return true;
    };
    expect((await errorOf(fetched('org/single@v9'))).message).toMatch(/no revision v9.*one of main, v1/s);
  });

  it('of a file says which', async () => {
    hub.fault = (asked, response) => {
      if (!asked.path.endsWith('model.safetensors')) return false;
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return true;
    };
    expect((await errorOf(fetched('org/single'))).message).toMatch(/no file model\.safetensors/);
  });

  it('is asked again when it is busy: 429 after what it says, 503 after a while', async () => {
    const times: number[] = [];
    hub.fault = ({ path }, response, count) => {
      if (!path.startsWith('/api/') || count > 1) return false;
      times.push(performance.now());
      if (count === 0) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.writeHead(503).end();
      return true;
    };
    await fetched('org/single');
    expect(askedFor('/api/')).toHaveLength(3);
    expect(times[1]! - times[0]!).toBeGreaterThan(950);
  });

  it('is given up after five tries, and at once where it wants to be left alone for long', async () => {
    refusing(503, {});
    const error = await errorOf(fetched('org/single'));
    expect(error.code).toBe('hub-unreachable');
    expect(error.message).toContain('503');
    expect(hub.asked).toHaveLength(5);
    hub.asked.length = 0;
    refusing(429, { 'retry-after': '3600' });
    const busy = await errorOf(fetched('org/single'));
    expect(busy.code).toBe('hub-busy');
    expect(busy.message).toContain('60 minutes');
    expect(hub.asked).toHaveLength(1);
  });

  it('that cannot be reached leaves what the cache has', async () => {
    const path = await fetched('org/one-gguf');
    refusing(503, {});
    const notes: string[] = [];
    expect(await fetched('org/one-gguf', { onNote: (note) => notes.push(note) })).toBe(path);
    expect(notes).toEqual([expect.stringContaining('taken as the cache has it')]);
    await hub.close();
    expect((await errorOf(fetched('org/single'))).message).toMatch(
      /no file or folder org\/single here, and .* could not be reached/,
    );
  });
});

describe('redirects', () => {
  it('never take the token to another host', async () => {
    await fetched('org/single');
    const [here, there] = [
      hub.asked.filter(({ host }) => host === 'hub'),
      hub.asked.filter(({ host }) => host === 'files'),
    ];
    expect(there).toHaveLength(1);
    expect(there[0]!.token).toBeUndefined();
    expect(here.map(({ token }) => token)).toEqual(here.map(() => 'Bearer hf_secret'));
  });

  it('nor back again: once away, it is gone', async () => {
    hub.fault = ({ host, path }, response) => {
      if (host !== 'files' || path.includes('back')) return false;
      response.writeHead(302, { location: `${hub.endpoint}/org/single/resolve/main/config.json?back` }).end();
      return true;
    };
    await errorOf(fetched('org/single'));
    expect(askedFor('?back')[0]!.token).toBeUndefined();
  });

  it('of a model that was renamed are followed, and endless ones are not', async () => {
    hub.fault = ({ path }, response) => {
      if (!path.startsWith('/api/models/old/name')) return false;
      response.writeHead(307, { location: '/api/models/org/single/revision/main?blobs=true' }).end();
      return true;
    };
    hub.repositories['models/old/name'] = SINGLE;
    expect(await fetched('old/name')).toContain('models--old--name');
    hub.fault = ({ path }, response) => {
      response.writeHead(302, { location: path }).end();
      return true;
    };
    expect((await errorOf(fetched('org/sharded'))).message).toMatch(/at most 10 redirects/);
  });
});

describe('a download', () => {
  const weights = SINGLE.at(-1)!;
  const part = () => join(cacheOf('single'), 'blobs', `${etagOf(weights)}.rankscope.incomplete`);
  const breakOff = (at: number, times = 1) => {
    hub.fault = (asked, response, count, bytes) => {
      if (asked.host !== 'files' || count >= times) return false;
      const start = Number(/\d+/.exec(asked.range ?? '0')![0]);
      asked.sent = at;
      response.writeHead(start > 0 ? 206 : 200, {
        'content-length': bytes!.length - start,
        ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes!.length - 1}/${bytes!.length}` } : {}),
      });
      response.write(bytes!.subarray(start, start + at), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
  };
  const sentBytes = () => hub.asked.filter(({ host }) => host === 'files').map(({ sent }) => sent);

  it('that breaks off goes on at the byte', async () => {
    breakOff(100_000, 3);
    const path = await fetched('org/single');
    expect(contentOf(join(path, 'model.safetensors')).equals(weights.bytes)).toBe(true);
    const starts = askedFor(etagOf(weights)).map(({ range }) => Number(/\d+/.exec(range ?? '0')![0]));
    expect(starts).toHaveLength(4);
    // What was still on its way when the connection broke may be lost, and no more than that.
    for (const [index, start] of starts.entries()) {
      expect(start).toBeGreaterThan(index === 0 ? -1 : starts[index - 1]!);
      expect(start).toBeLessThanOrEqual(100_000 * index);
    }
  });

  it('goes on in a later run, and tells how far it is', async () => {
    mkdirSync(join(cacheOf('single'), 'blobs'), { recursive: true });
    writeFileSync(part(), weights.bytes.subarray(0, 150_000));
    const told: DownloadProgress[] = [];
    await fetched('org/single', { onDownload: (progress) => told.push(progress) });
    expect(sentBytes()).toEqual([250_000]);
    expect(told.at(-1)).toEqual({ id: 'org/single', total: 400_000, done: 400_000, received: 250_000 });
    expect(existsSync(part())).toBe(false);
  });

  it('begins again where what was left is damaged, and where it is too long', async () => {
    mkdirSync(join(cacheOf('single'), 'blobs'), { recursive: true });
    for (const left of [Buffer.alloc(150_000), Buffer.alloc(500_000)]) {
      rmSync(join(cacheOf('single'), 'blobs', etagOf(weights)), { force: true });
      writeFileSync(part(), left);
      const path = await fetched('org/single');
      expect(contentOf(join(path, 'model.safetensors')).equals(weights.bytes)).toBe(true);
    }
  });

  it('of what knows no ranges begins again, and ends when it gets no further', async () => {
    mkdirSync(join(cacheOf('single'), 'blobs'), { recursive: true });
    writeFileSync(part(), weights.bytes.subarray(0, 150_000));
    hub.fault = (asked, response, _, bytes) => {
      if (asked.host !== 'files') return false;
      response.writeHead(200).end(bytes);
      return true;
    };
    await fetched('org/single');
    rmSync(join(cacheOf('single'), 'blobs', etagOf(weights)));
    hub.asked.length = 0;
    hub.fault = (asked, response, _, bytes) => {
      if (asked.host !== 'files') return false;
      response.writeHead(200, { 'content-length': bytes!.length });
      response.write(bytes!.subarray(0, 90_000), () => response.destroy());
      return true;
    };
    expect((await errorOf(fetched('org/single'))).code).toBe('hub-unreachable');
    expect(sentBytes().length).toBeLessThan(8);
  });

  it.each([
    ['416', 416, {}],
    ['another range', 206, { 'content-range': 'bytes 7-399999/400000' }],
    ['a range that is not said', 206, {}],
  ])('that is answered with %s begins again', async (_, status, headers) => {
    mkdirSync(join(cacheOf('single'), 'blobs'), { recursive: true });
    writeFileSync(part(), weights.bytes.subarray(0, 150_000));
    hub.fault = (asked, response, count, bytes) => {
      if (asked.host !== 'files' || count > 0) return false;
      response.writeHead(status, headers as Record<string, string>).end(bytes?.subarray(7));
      return true;
    };
    const path = await fetched('org/single');
    expect(contentOf(join(path, 'model.safetensors')).equals(weights.bytes)).toBe(true);
  });

  it.each([
    [
      'other bytes',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(1), Buffer.from('x')]),
      /the hash [0-9a-f]{64}/,
    ],
    ['too many bytes', (bytes: Buffer) => Buffer.concat([bytes, bytes]), /more than 400000 bytes/],
    ['too few bytes', (bytes: Buffer) => bytes.subarray(0, 1000), /ended at 1000 of 400000/],
    ['a page', () => Buffer.from('<html>log in</html>'), /ended at 19 of 400000/],
  ])('of %s is refused, and no model is there', async (_, change, message) => {
    hub.fault = (asked, response, _, bytes) => {
      if (asked.host !== 'files') return false;
      if (asked.range === undefined) response.writeHead(200).end(change(bytes!));
      else response.writeHead(416).end();
      return true;
    };
    const error = await errorOf(fetched('org/single'));
    expect(error.message).toMatch(message);
    expect(existsSync(join(cacheOf('single'), 'refs/main'))).toBe(false);
    expect(existsSync(join(cacheOf('single'), 'snapshots', COMMIT, 'model.safetensors'))).toBe(false);
    hub.fault = undefined;
    await fetched('org/single');
  });

  it('of a small file is held against git’s hash', async () => {
    hub.fault = (asked, response, _, bytes) => {
      if (!asked.path.endsWith('config.json')) return false;
      response.writeHead(200).end(Buffer.from(bytes!.toString().replace('gpt2', 'gpt3')));
      return true;
    };
    expect((await errorOf(fetched('org/single'))).code).toBe('hub-file-wrong');
  });

  it('that says nothing is asked for again', async () => {
    settings = { ...settings, silenceMs: 100 };
    hub.fault = (asked, response, count, bytes) => {
      if (asked.host !== 'files' || count > 1) return false;
      if (count === 0) return true;
      response.writeHead(206, { 'content-range': 'bytes 0-399999/400000' });
      response.write(bytes!.subarray(0, 1000));
      return true;
    };
    const path = await fetched('org/single');
    expect(contentOf(join(path, 'model.safetensors')).equals(weights.bytes)).toBe(true);
    expect(askedFor(etagOf(weights)).map(({ range }) => range)).toEqual([
      undefined,
      undefined,
      'bytes=1000-',
    ]);
  });

  it('is stopped by its signal and keeps what is there', async () => {
    const stop = new AbortController();
    hub.fault = (asked, response, count, bytes) => {
      if (asked.host !== 'files' || count > 0) return false;
      response.writeHead(200, { 'content-length': bytes!.length });
      response.write(bytes!.subarray(0, 120_000));
      return true;
    };
    const error = await errorOf(
      fetched('org/single', {
        signal: stop.signal,
        onDownload: ({ done }) => {
          if (done >= 120_000) stop.abort();
        },
      }),
    );
    expect(error.code).toBe('stopped');
    expect(lstatSync(part()).size).toBe(120_000);
    hub.asked.length = 0;
    await fetched('org/single');
    expect(sentBytes()).toEqual([280_000]);
  });

  it('that there is no room for is not begun', async () => {
    const huge = { ...weights, bytes: { length: 9e15 } as Buffer };
    hub.fault = ({ path }, response) => {
      if (!path.startsWith('/api/')) return false;
      const told = [...SINGLE.slice(0, -1), huge].map(({ name, bytes }) => ({
        rfilename: name,
        size: bytes.length,
        blobId: name === huge.name ? undefined : etagOf({ name, bytes }),
        lfs: name === huge.name ? { sha256: 'a'.repeat(64), size: 9e15 } : undefined,
      }));
      response.writeHead(200).end(JSON.stringify({ sha: COMMIT, siblings: told }));
      return true;
    };
    const error = await errorOf(fetched('org/single'));
    expect(error.code).toBe('disk-full');
    expect(error.message).toMatch(/9000000\.0 GB/);
    expect(askedFor('model.safetensors')).toEqual([]);
  });

  it('is made once by two at a time', async () => {
    const notes: string[] = [];
    const options = { onNote: (note: string) => notes.push(note) };
    hub.fault = (asked, response, _, bytes) => {
      if (asked.host !== 'files') return false;
      setTimeout(() => response.writeHead(200).end(bytes), 400);
      return true;
    };
    const [one, other] = await Promise.all([fetched('org/single', options), fetched('org/single', options)]);
    expect(one).toBe(other);
    expect(hub.asked.filter(({ host }) => host === 'files')).toHaveLength(1);
    expect(notes).toEqual([expect.stringContaining('waiting')]);
  });
});
