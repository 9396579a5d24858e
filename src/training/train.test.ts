import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { loadAdapter, saveAdapter, trainedArrays } from '../adapters/index.ts';
import { placeFrames } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import { lockFolder } from '../files/index.ts';
import { type Model, openModel } from '../models/index.ts';
import { createRng, haarFrame } from '../numeric/index.ts';
import { BASES, readTrainMetrics, readTrainRecord } from '../record/index.ts';
import { dropoutMask } from './adapter-gradients.ts';
import { type TrainOptions, train } from './index.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-train-'));
const text = writeText(join(base, 'text.txt'), 400);
const other = writeText(join(base, 'other.txt'), 30);
const weights = readFileSync(join(makeTinyModel(join(base, 'tiny')), 'model.safetensors'));
let model: Model;
beforeAll(async () => {
  model = await openModel(join(base, 'tiny'), { cacheFolder: join(base, 'cache') });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const newFolder = () => mkdtempSync(join(base, 'run-'));
const SETTINGS = {
  rank: 4,
  steps: 8,
  batchSize: 2,
  accumulation: 2,
  seqLen: 16,
  learningRate: 0.02,
  warmup: 2,
  weightDecay: 0.01,
  dropout: 0.1,
  seed: 3,
  evalData: other,
  evalEvery: 3,
  coverageEvery: 4,
  checkpointEvery: 3,
  calibrationBatches: 4,
};
const options = (directory: string, more: Partial<TrainOptions> = {}): TrainOptions => ({
  directory,
  ...SETTINGS,
  ...more,
});
/** Without speed. */
const comparable = (folder: string) =>
  readTrainMetrics(folder).map(({ tokensPerSecond: _, ...rest }) => rest);
const numbers = async (folder: string) => trainedArrays(await loadAdapter(folder, model));

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof UserError ? error.code : String(error);
}

describe('train', () => {
  const whole = newFolder();
  beforeAll(async () => {
    await train(model, text, options(whole));
  });

  it('leaves an adapter, a checkpoint, metrics and a record, and the model as it was', async () => {
    expect(readdirSync(whole).toSorted()).toEqual([
      'adapter.json',
      'adapter.safetensors',
      'checkpoint.safetensors',
      'metrics.jsonl',
      'train.json',
    ]);
    expect(readFileSync(join(base, 'tiny/model.safetensors')).equals(weights)).toBe(true);
    const record = readTrainRecord(whole);
    expect(record).toMatchObject({ status: 'complete', step: 8, settings: { steps: 8, optimizer: 'adamw' } });
    // 2 blocks of 4 matrices with a core of 4 × 4 each.
    expect(record.adapter.trainedParameters).toBe(8 * 16);
    const { layers } = await loadAdapter(whole, model);
    expect(layers.every(({ trained }) => (trained.m!.data as Float32Array).some((x) => x !== 0))).toBe(true);
  });

  it('writes a line per step with what was asked for', () => {
    const rows = readTrainMetrics(whole);
    expect(rows.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const having = (name: keyof (typeof rows)[number]) =>
      rows.filter((row) => row[name] !== undefined).map(({ step }) => step);
    expect(having('loss')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(having('evalLoss')).toEqual([0, 3, 6, 8]);
    expect(having('coverage')).toEqual([1, 4, 8]);
    expect(having('cosineFull')).toEqual([4, 8]);
    expect(having('updateEffectiveRank')).toEqual([4, 8]);
    expect(rows.slice(1, 4).map(({ learningRate }) => learningRate)).toEqual([0, 0.01, 0.02]);
    expect(rows[8]!.evalLoss!).toBeLessThan(rows[0]!.evalLoss!);
    const last = rows[8]!;
    expect(last.energy!).toBeCloseTo(last.coverage! ** 2, 3);
    expect(last.cosineFull!).toBeGreaterThan(0);
    expect(last.cosineFull!).toBeLessThanOrEqual(1);
    expect(last.updateEffectiveRank!).toBeLessThanOrEqual(4);
    expect(last.gradientEffectiveRank!).toBeGreaterThan(1);
    expect(last.naturalCoverage).toBeTypeOf('number');
  });

  it('goes on after an abort with the same numbers, bit for bit', async () => {
    const folder = newFolder();
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 5 && abort.abort();
    const first = await train(model, text, options(folder, { signal: abort.signal, onStep }));
    expect(first.record).toMatchObject({ status: 'partial', step: 5 });
    const second = await train(model, text, options(folder, { resume: true }));
    expect(second.record.status).toBe('complete');
    expect(second.metrics.map(({ step }) => step)).toEqual([6, 7, 8]);
    expect(comparable(folder)).toEqual(comparable(whole));
    expect(await numbers(folder)).toEqual(await numbers(whole));
  });

  it('finds its learning rate before the first step, keeps it, and goes on with it', async () => {
    const found: number[] = [];
    const more = {
      learningRate: 'auto',
      warmup: 0,
      coverageEvery: undefined,
      onLearningRate: ({ learningRate }: { learningRate: number }) => found.push(learningRate),
    } as const;
    const [once, twice] = [newFolder(), newFolder()];
    const { record } = await train(model, text, options(once, more));
    expect(record).toMatchObject({ settings: { learningRate: 'auto' }, automaticRate: { passes: 8 } });
    const { learningRate } = record.automaticRate!;
    expect(readTrainMetrics(once)[1]).toMatchObject({ step: 1, learningRate });
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 5 && abort.abort();
    await train(model, text, options(twice, { ...more, signal: abort.signal, onStep }));
    await train(model, text, options(twice, { ...more, resume: true }));
    expect(found).toEqual([learningRate, learningRate, learningRate]);
    expect(comparable(twice)).toEqual(comparable(once));
    expect(await numbers(twice)).toEqual(await numbers(once));
    expect(await codeOf(train(model, text, options(newFolder(), { ...more, optimizer: 'sgd' })))).toBe(
      'learning-rate-unknown',
    );
  });

  it.each(['factors', 'full'] as const)(
    'goes on with the same telemetry when %s is trained',
    async (adapter) => {
      const short = {
        adapter,
        basis: 'random',
        layers: '*h.0*',
        steps: 4,
        coverageEvery: 2,
        checkpointEvery: 3,
        dropout: 0,
      };
      const [once, twice] = [newFolder(), newFolder()];
      await train(model, text, options(once, short));
      const abort = new AbortController();
      const onStep = ({ step }: { step: number }) => step === 3 && abort.abort();
      await train(model, text, options(twice, { ...short, signal: abort.signal, onStep }));
      await train(model, text, options(twice, { ...short, resume: true }));
      expect(comparable(twice)).toEqual(comparable(once));
      expect(comparable(twice)[4]).toMatchObject({
        cosineFull: expect.any(Number),
        coverage: expect.any(Number),
      });
    },
  );

  it('goes on from an older checkpoint, and begins again where there is none', async () => {
    const folder = newFolder();
    cpSync(whole, folder, { recursive: true });
    rmSync(join(folder, 'checkpoint.safetensors'));
    await train(model, text, options(folder, { resume: true }));
    expect(comparable(folder)).toEqual(comparable(whole));
    expect(await numbers(folder)).toEqual(await numbers(whole));
  });

  it('brings an adapter up to its checkpoint, when it was killed between the two', async () => {
    const folder = newFolder();
    cpSync(whole, folder, { recursive: true });
    const older = await loadAdapter(folder, model);
    for (const values of Object.values(trainedArrays(older))) values.fill(0);
    await saveAdapter(folder, older);
    await train(model, text, options(folder, { resume: true }));
    expect(await numbers(folder)).toEqual(await numbers(whole));
  });

  it('refuses a checkpoint of other settings or another text', async () => {
    const changed = options(whole, { seed: 4, resume: true });
    expect(await codeOf(train(model, text, changed))).toBe('checkpoint-of-another-run');
    expect(await codeOf(train(model, other, options(whole, { resume: true, accumulation: 1 })))).toBe(
      'checkpoint-of-another-run',
    );
  });

  it('refuses a checkpoint of another tokenizer or config, and says what an older one does not tell', async () => {
    const path = join(base, 'tiny');
    const [tokenizer, config] = ['tokenizer.json', 'config.json'].map((name) => join(path, name));
    const [rightTokenizer, rightConfig] = [tokenizer!, config!].map((file) => readFileSync(file, 'utf8'));
    const reopened = () => openModel(path, { cacheFolder: join(base, 'cache'), onWarning: () => {} });
    const resume = options(whole, { resume: true });

    // The letters a and b change places: other ids of the same text.
    const swapped = rightTokenizer!.replace('"a":1', '"a":2').replace('"b":2', '"b":1');
    expect(swapped).not.toBe(rightTokenizer);
    writeFileSync(tokenizer!, swapped);
    expect(await codeOf(train(await reopened(), text, resume))).toBe('checkpoint-of-another-run');
    writeFileSync(tokenizer!, rightTokenizer!);

    writeFileSync(config!, JSON.stringify({ ...JSON.parse(rightConfig!), layer_norm_epsilon: 1e-3 }));
    const changed = await reopened();
    await expect(train(changed, text, resume)).rejects.toMatchObject({
      code: 'adapter-of-another-model',
      message: expect.stringContaining('layer_norm_epsilon 0.001'),
    });
    expect(await codeOf(loadAdapter(whole, changed))).toBe('adapter-of-another-model');
    writeFileSync(config!, rightConfig!);

    const old = newFolder();
    cpSync(whole, old, { recursive: true });
    const record = JSON.parse(readFileSync(join(old, 'adapter.json'), 'utf8'));
    delete record.model.config;
    writeFileSync(join(old, 'adapter.json'), JSON.stringify(record));
    const opened = await reopened();
    await loadAdapter(old, opened);
    expect(opened.warnings).toEqual([expect.stringContaining('is of an older version')]);
  });

  it('ends where the model is overwritten, with the checkpoint before that, and not where it is only touched', async () => {
    const path = makeTinyModel(join(base, 'overwritten'));
    const file = join(path, 'model.safetensors');
    const overwritten = Buffer.from(weights);
    overwritten.writeFloatLE(0.5, overwritten.length - 4);
    const opened = await openModel(path, { cacheFolder: join(base, 'cache') });
    const folder = newFolder();
    const onStep = ({ step }: { step: number }) => {
      if (step === 2) utimesSync(file, new Date(), new Date());
      if (step === 5) writeFileSync(file, overwritten);
    };
    await expect(train(opened, text, options(folder, { onStep }))).rejects.toMatchObject({
      code: 'model-changed',
      message: expect.stringContaining(file),
    });
    expect(readTrainRecord(folder)).toMatchObject({ status: 'partial', step: 3 });
    expect(await codeOf(train(await openModel(path), text, options(folder, { resume: true })))).toBe(
      'adapter-of-another-model',
    );
    writeFileSync(file, weights);
    await train(await openModel(path), text, options(folder, { resume: true }));
    expect(comparable(folder)).toEqual(comparable(whole));
  });

  it('is refused where another run is at work', async () => {
    const folder = newFolder();
    const lock = lockFolder(folder);
    expect(await codeOf(train(model, text, options(folder)))).toBe('folder-in-use');
    lock.release();
  });

  it.each(BASES)('trains on the frames of the basis %s', async (basis) => {
    const short = { basis, steps: 1, coverageEvery: 2, batchSize: 1, layers: '*h.0*' };
    const { metrics } = await train(model, text, options(newFolder(), short));
    expect(metrics[1]!.coverage!).toBeGreaterThan(0);
    expect(metrics[1]!.coverage!).toBeLessThan(1);
  });

  it.each(['core', 'diagonal', 'left', 'right', 'factors', 'full'] as const)('trains %s', async (adapter) => {
    const short = {
      adapter,
      layers: '*h.0*',
      basis: 'random',
      steps: 2,
      coverageEvery: 2,
      dropout: 0,
      schedule: 'constant',
      warmup: 0,
    };
    const { metrics } = await train(model, text, options(newFolder(), short as Partial<TrainOptions>));
    const [, first, second] = metrics;
    expect(second!.evalLoss!).toBeLessThan(metrics[0]!.evalLoss!);
    if (adapter === 'full') expect(second).toMatchObject({ coverage: 1, energy: 1, gain: 1 });
    // Plain LoRA reaches one side only while its second factor is zero.
    if (adapter === 'factors') expect(second!.coverage!).toBeGreaterThan(first!.coverage!);
  });

  it('trains on weights in 8 bits, with nearly the same losses', async () => {
    const packed = await openModel(join(base, 'tiny'), { cacheFolder: join(base, 'cache'), compute: 'int8' });
    const { record, metrics } = await train(packed, text, options(newFolder(), { steps: 4 }));
    expect(record.settings.compute).toBe('int8');
    expect(record.settings.int8Kernel).toBe(packed.int8Kernel);
    const exact = readTrainMetrics(whole);
    metrics.forEach(({ loss, gradientNorm }, i) => {
      if (loss === undefined) return;
      expect(loss / exact[i]!.loss!).toBeCloseTo(1, 2);
      expect(loss).not.toBe(exact[i]!.loss);
      // The schedules differ from step 3 on.
      if (i <= 2) expect(gradientNorm! / exact[i]!.gradientNorm!).toBeCloseTo(1, 1);
    });
  });

  it('takes frames from a file, by label', async () => {
    const rng = createRng(5);
    const sets = [];
    for (const label of ['one', 'two']) {
      const frames = new Map();
      for (const { name, inFeatures, outFeatures } of model.definition.layers)
        frames.set(name, { u: await haarFrame(inFeatures, 4, rng), v: await haarFrame(outFeatures, 4, rng) });
      sets.push({ basis: 'random' as const, label, frames });
    }
    const file = join(base, 'frames.safetensors');
    await placeFrames(file, sets);
    const folder = newFolder();
    await train(model, text, options(folder, { basis: `${file}#two`, steps: 1 }));
    const { layers } = await loadAdapter(folder);
    const wanted = sets[1]!.frames.get(layers[3]!.layer.name)!.u.data;
    const got = layers[3]!.frozen.u!.data as Float32Array;
    expect(Math.max(...got.map((x, i) => Math.abs(x - wanted[i])))).toBeLessThan(1e-6);
    expect(await codeOf(train(model, text, options(newFolder(), { basis: file })))).toBe('frames-ambiguous');
    expect(await codeOf(train(model, text, options(newFolder(), { basis: `${file}#no` })))).toBe(
      'frames-missing',
    );
  });

  it('follows a plan', async () => {
    const [a, b] = model.definition.layers.map(({ name }) => name);
    const plan = join(base, 'plan.json');
    const write = (layers: unknown[]) =>
      writeFileSync(plan, JSON.stringify({ schema: 'rankscope.plan', version: 1, layers }));
    const run = () =>
      train(model, text, { ...options(newFolder(), { plan, steps: 1 }), rank: undefined } as TrainOptions);
    write([
      { name: a, family: 'core', basis: 'svd', rank: 3 },
      { name: b, family: 'right', basis: 'random', rank: 5 },
    ]);
    const { adapter } = await run();
    expect(adapter.layers.map(({ layer, family, rank }) => [layer.name, family, rank])).toEqual([
      [a, 'core', 3],
      [b, 'right', 5],
    ]);
    write([{ name: 'no.such.layer', family: 'core', basis: 'svd', rank: 3 }]);
    await expect(run()).rejects.toThrow(/no\.such\.layer/);
    expect(await codeOf(run())).toBe('plan-missing-layers');
    write([{ name: a, family: 'core', basis: 'svd', rank: 300 }]);
    expect(await codeOf(run())).toBe('plan-rank-too-large');
    writeFileSync(plan, '{');
    expect(await codeOf(run())).toBe('plan-invalid');
  });
});

describe('bad input', () => {
  it('names step and layer where numbers break down, and keeps the last checkpoint', async () => {
    const folder = newFolder();
    const { evalData: _, evalEvery: __, ...settings } = SETTINGS;
    const wild = { learningRate: 1e25, optimizer: 'sgd', clip: null, warmup: 0, checkpointEvery: 1 } as const;
    const run = train(model, text, { ...settings, ...wild, directory: folder });
    await expect(run).rejects.toMatchObject({ code: 'training-diverged' });
    await expect(run).rejects.toThrow(/at step [2-4], first in transformer\.h\.0\.attn\.c_proj/);
    const kept = await numbers(folder);
    expect(Object.values(kept).every((values) => values.every(Number.isFinite))).toBe(true);
    expect(existsSync(join(folder, 'checkpoint.safetensors'))).toBe(true);
  });

  it('refuses texts shorter than one batch', async () => {
    const short = join(base, 'short.txt');
    writeFileSync(short, 'too short for a batch of this size');
    const folder = join(base, 'never-made');
    expect(await codeOf(train(model, short, options(folder)))).toBe('text-too-short');
    expect(existsSync(folder)).toBe(false);
  });

  it.each([
    [{ rank: 0 }, 'option-out-of-range'],
    [{ learningRate: -1 }, 'option-out-of-range'],
    [{ learningRate: Number.NaN }, 'option-out-of-range'],
    [{ dropout: 1 }, 'option-out-of-range'],
    [{ seqLen: 9999 }, 'option-out-of-range'],
    [{ epochs: 2 }, 'options-conflict'],
    [{ plan: 'plan.json' }, 'options-conflict'],
    [{ adapter: 'full' }, 'options-conflict'],
    [{ basis: 'no-such-basis' }, 'basis-unknown'],
    [{ layers: 'nothing*' }, 'no-layers'],
  ])('refuses %o', async (more, code) => {
    const run = train(model, text, options(newFolder(), more as Partial<TrainOptions>));
    expect(await codeOf(run)).toBe(code);
  });
});

describe('pieces', () => {
  it('dropout masks keep the mean', () => {
    const mask = dropoutMask(20000, 0.25, createRng(1));
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(mask.reduce((sum, x) => sum + x, 0) / mask.length).toBeCloseTo(1, 1);
  });
});
