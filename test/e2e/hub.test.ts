/** Models named by their ids: from a cache without a network, and from a hub on this machine. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadProgress, locateModel, readHubSettings } from '../../src/hub/index.ts';
import { readAdapterRecord, readProbeRecord, readTrainRecord } from '../../src/record/index.ts';
import { COMMIT, etagOf, type FakeFile, type FakeHub, startFakeHub } from '../support/fake-hub.ts';
import { type CliOptions, makeWorkingFolder, runCli } from './run-cli.ts';
import { makeTinyModel, writeText } from './tiny-model.ts';

const cwd = makeWorkingFolder();
const at = (...path: string[]) => join(cwd, ...path);
const TOKEN = 'hf_never_to_be_seen';
const SMALL = ['--batches', '2', '--batch-size', '1', '--seq-len', '16', '--ranks', '2', '--bases', 'random'];
const STEPS = ['--steps', '2', '--batch-size', '1', '--seq-len', '16', '--rank', '2'];

let files: FakeFile[];
let hub: FakeHub;
beforeAll(() => {
  makeTinyModel(at('made'));
  writeText(at('text.txt'), 400);
  files = readdirSync(at('made')).map((name) => ({
    name,
    bytes: readFileSync(at('made', name)),
    lfs: name.endsWith('.safetensors'),
  }));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
beforeEach(async () => {
  const line = `${JSON.stringify({ text: readFileSync(at('text.txt'), 'utf8').slice(0, 200) })}\n`;
  hub = await startFakeHub({
    'models/org/tiny': files,
    'datasets/org/text': ['train', 'test'].map((split) => ({
      name: `${split}.jsonl`,
      bytes: Buffer.from(line.repeat(split.length)),
    })),
  });
});
afterEach(async () => {
  await hub.close();
  rmSync(at('home'), { recursive: true, force: true });
});

const online = () => ({
  HF_HUB_OFFLINE: '0',
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: at('home'),
  HF_TOKEN: TOKEN,
});
const run = (args: readonly string[], env: Record<string, string>, more: Partial<CliOptions> = {}) =>
  runCli(args, { cwd, env, ...more });
const snapshot = () => at('home/hub/models--org--tiny/snapshots', COMMIT);
const weights = () => files.find(({ lfs }) => lfs)!;
const sentOfWeights = () => hub.asked.filter(({ host }) => host === 'files').map(({ sent }) => sent);

/** The cache as huggingface_hub would have left it. */
function fillByHand(): void {
  const repository = at('home/hub/models--org--tiny');
  for (const folder of ['blobs', 'refs', `snapshots/${COMMIT}`])
    mkdirSync(join(repository, folder), { recursive: true });
  writeFileSync(join(repository, 'refs/main'), COMMIT);
  for (const file of files) {
    writeFileSync(join(repository, 'blobs', etagOf(file)), file.bytes);
    symlinkSync(`../../blobs/${etagOf(file)}`, join(snapshot(), file.name));
  }
}

/** Everything that stands in files below a folder. */
const textsIn = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');

// Some start the program three times.
const LONG = { timeout: 180_000 };

describe('a model by its id', LONG, () => {
  it('is probed from the cache, with no network', async () => {
    fillByHand();
    // Without tokenizer_config.json the cache is enough where nobody may be asked.
    const env = { HF_HOME: at('home'), HF_HUB_OFFLINE: '1', HF_ENDPOINT: hub.endpoint };
    const { code, stderr } = await run(['probe', 'org/tiny', '--data', 'text.txt', ...SMALL], env);
    expect(stderr).toContain('opening org/tiny');
    expect(code).toBe(0);
    expect(hub.asked).toEqual([]);
    const inspected = await run(['inspect', 'org/tiny', '--no-time'], env);
    expect(inspected.stdout).toContain(`org/tiny@${COMMIT}`);
    const [folder] = readdirSync(at('rankscope-runs'));
    expect(folder).toMatch(/^tiny-/);
    expect(readProbeRecord(at('rankscope-runs', folder!)).model).toMatchObject({
      name: 'tiny',
      path: snapshot(),
      hub: { id: 'org/tiny', commit: COMMIT },
    });
  });

  it('is trained, evaluated and exported; what was made knows id and commit, and never the token', async () => {
    const trained = await run(
      ['train', 'org/tiny', '--data', 'org/text', '--eval-data', 'org/text:test', ...STEPS, '--out', 'run'],
      online(),
    );
    expect(trained.stderr).toMatch(/downloading org\/tiny: \d/);
    expect(trained.code).toBe(0);
    expect(readTrainRecord(at('run')).data.path).toMatch(
      `datasets--org--text/snapshots/${COMMIT}/train.jsonl`,
    );
    expect(readAdapterRecord(at('run')).model.hub).toEqual({ id: 'org/tiny', commit: COMMIT });
    const exported = await run(['export', 'run', '--out', 'peft'], { HF_HOME: at('home') });
    expect(exported.code).toBe(0);
    expect(exported.stderr).toMatch(/^next, /);
    expect(JSON.parse(readFileSync(at('peft/adapter_config.json'), 'utf8'))).toMatchObject({
      base_model_name_or_path: 'org/tiny',
      revision: COMMIT,
    });
    rmSync(at('home'), { recursive: true });
    const evaluated = await run(
      ['eval', '--adapter', 'run', '--data', 'text.txt', '--seq-len', '16'],
      online(),
    );
    expect(evaluated.code).toBe(0);
    expect(hub.asked.at(-1)!.host).toBe('files');
    expect(existsSync(join(snapshot(), 'model.safetensors'))).toBe(true);
    const all = [trained, exported, evaluated].flatMap(({ stdout, stderr }) => [stdout, stderr]).join('');
    expect(all + textsIn(at('run')) + textsIn(at('peft')) + textsIn(at('home'))).not.toContain(TOKEN);
    expect(hub.asked.some(({ token }) => token === `Bearer ${TOKEN}`)).toBe(true);
  });

  it('gives its tokenizer to a model of one’s own, trained on a data set by its id', async () => {
    const from = ['--config', 'made/config.json', '--tokenizer', 'org/tiny', '--data', 'org/text'];
    const held = ['--eval-data', 'org/text:test', '--out', 'new'];
    const steps = ['--steps', '1', '--warmup', '0', '--batch-size', '1', '--seq-len', '8'];
    expect(await run(['pretrain', ...from, ...held, ...steps], online())).toMatchObject({ code: 0 });
    expect(readFileSync(at('new/tokenizer.json')).equals(readFileSync(at('made/tokenizer.json')))).toBe(true);
    expect(sentOfWeights()).toEqual([]);
    const texts = hub.asked.filter(({ path }) => path.startsWith('/datasets/org/text/resolve'));
    expect(texts.map(({ path }) => path.split('/').at(-1)).toSorted()).toEqual(['test.jsonl', 'train.jsonl']);
  });

  it('that is none is told as both, and nothing is left', async () => {
    const { code, stderr, stdout } = await run(
      ['probe', 'org/none', '--data', 'text.txt', '--out', 'no'],
      online(),
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('There is no file or folder org/none here');
    expect(existsSync(at('no'))).toBe(false);
  });
});

describe('a download', LONG, () => {
  /** Sends what it is asked for slowly: a third at once, the rest never or later. */
  const sendSlowly = (isLater: boolean) => {
    hub.fault = (asked, response, count, bytes) => {
      if (asked.host !== 'files' || (count > 0 && !isLater)) return false;
      const third = Math.floor(bytes!.length / 3);
      response.writeHead(200, { 'content-length': bytes!.length });
      response.write(bytes!.subarray(0, third));
      asked.sent = third;
      if (isLater) setTimeout(() => response.end(bytes!.subarray(third)), 3000);
      return true;
    };
  };
  const probe = ['probe', 'org/tiny', '--data', 'text.txt', ...SMALL];
  const part = () => at('home/hub/models--org--tiny/blobs', `${etagOf(weights())}.rankscope.incomplete`);
  const third = () => Math.floor(weights().bytes.length / 3);
  const untilThird = async () => {
    while (!existsSync(part()) || statSync(part()).size < third())
      await new Promise((done) => setTimeout(done, 20));
  };

  /** As another process would, this one downloads the model. */
  const locate = (onDownload?: (progress: DownloadProgress) => void, onNote?: (note: string) => void) => {
    const settings = { ...readHubSettings({}), endpoint: hub.endpoint, cache: at('home/hub') };
    return locateModel('org/tiny', { hub: settings, onDownload, onNote });
  };

  it.each([
    ['SIGKILL', null, /downloading/],
    ['SIGINT', 130, /stopped while downloading; the same command goes on from there/],
  ] as const)('that %s ends goes on at the byte', async (signal, code, message) => {
    sendSlowly(false);
    let isKilled = false;
    const first = await run([...probe, '--out', `after-${signal}`], online(), {
      onStderr: (child, stderr) => {
        if (isKilled || !stderr.includes('downloading')) return;
        isKilled = true;
        void untilThird().then(() => child.kill(signal));
      },
    });
    expect(first.code).toBe(code);
    expect(first.stderr).toMatch(message);
    expect(existsSync(join(snapshot(), 'model.safetensors'))).toBe(false);
    const told: DownloadProgress[] = [];
    await locate((progress) => told.push(progress));
    expect(told[0]).toEqual({ id: 'org/tiny', total: weights().bytes.length, done: third(), received: 0 });
    expect(sentOfWeights()).toEqual([third(), weights().bytes.length - third()]);
    expect(existsSync(part())).toBe(false);
  });

  it('is made once by two processes', async () => {
    sendSlowly(true);
    const notes: string[] = [];
    const [one, path] = await Promise.all([
      run([...probe, '--out', 'two'], online()),
      untilThird().then(() => locate(undefined, (note) => notes.push(note))),
    ]);
    expect(one.code).toBe(0);
    expect(one.stderr).toContain('downloading org/tiny');
    expect(path).toBe(snapshot());
    expect(sentOfWeights()).toHaveLength(1);
    expect(notes).toEqual([expect.stringContaining('waiting for it')]);
  });
});
