import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { openModel } from '../models/index.ts';
import { createRng, float32, identity, multiply, type Tensor } from '../numeric/index.ts';
import type { BasisResult, ProbeRecord } from '../record/index.ts';
import { openFrames } from './frames-file.ts';
import { planFrames } from './make-frames.ts';
import type { ProbeOptions } from './options.ts';
import { probe } from './probe.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-frames-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const layer = {
  name: 'layer',
  role: 'up',
  inFeatures: 7,
  outFeatures: 5,
  stored: 'in-out',
  bias: false,
} as const;
const [U, V] = [7, 5].map((rows, seed) => {
  const rng = createRng(seed);
  return Float32Array.from({ length: rows * 3 }, () => rng.normal());
}) as [Float32Array, Float32Array];

/** A file of the given tensors, and its path. */
async function fileOf(name: string, tensors: Record<string, Tensor>): Promise<string> {
  const path = join(base, name);
  await writeSafetensors(path, tensors);
  return path;
}

const set = (label: string): Record<string, Tensor> => ({
  [`${label}/layer/u`]: float32([7, 3], U),
  [`${label}/layer/v`]: float32([5, 3], V),
});

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'none';
  } catch (error) {
    return error instanceof UserError ? error.code : String(error);
  }
}

describe('openFrames', () => {
  it('makes the leading columns orthonormal and keeps their span', async () => {
    const file = openFrames(await fileOf('one.safetensors', set('mine')), [layer]);
    expect([file.label, file.columns(layer)]).toEqual(['mine', 3]);
    const { u, v } = await file.read(layer, 2, multiply);
    for (const side of [u, v]) {
      const gram = await multiply(side, side, { transposeA: true });
      gram.data.forEach((value, i) => {
        expect(value).toBeCloseTo(identity(2).data[i]!, 12);
      });
    }
    const length = Math.hypot(...Array.from({ length: 7 }, (_, i) => U[3 * i]!));
    for (let i = 0; i < 7; i++) expect(u.data[2 * i]).toBeCloseTo(U[3 * i]! / length, 6);
  });

  it('says what does not fit', async () => {
    const both = await fileOf('two.safetensors', { ...set('a'), ...set('b') });
    const open = (path: string, of: object = layer) => codeOf(() => openFrames(path, [of as typeof layer]));
    expect(await open(`${both}#b`)).toBe('none');
    expect(await open(both)).toBe('frames-ambiguous');
    expect(await open(`${both}#c`)).toBe('frames-missing');
    expect(await open(`${both}#a`, { ...layer, name: 'other' })).toBe('frames-missing');
    expect(await open(`${both}#a`, { ...layer, outFeatures: 6 })).toBe('frames-missing');
    expect(await open(join(base, 'none.safetensors'))).toBe('basis-unknown');
    const uneven = { ...set('a'), 'a/layer/v': float32([5, 2], V.slice(0, 10)) };
    expect(await open(await fileOf('uneven.safetensors', uneven))).toBe('frames-missing');
    const text = join(base, 'frames.txt');
    writeFileSync(text, 'no frames at all');
    expect(await open(text)).toBe('safetensors-invalid');
  });

  it('names the frames of a plan by label and file, and none twice', async () => {
    const two = await fileOf('two.safetensors', { ...set('a'), ...set('b') });
    const folder = mkdtempSync(join(base, 'other-'));
    const same = join(folder, 'two.safetensors');
    copyFileSync(two, same);
    const plans = planFrames([`${two}#b`, 'svd', `${two}#a`, `${same}#a`, `${same}#b`], 1, [layer]);
    expect(plans.map(({ basis, file }) => [basis, file?.path])).toEqual([
      ['b@two', two],
      ['svd', undefined],
      ['a@two', two],
      ['a@two(2)', same],
      ['b@two(2)', same],
    ]);
  });
});

describe('a probe of frames that an earlier one kept', () => {
  const text = writeText(join(base, 'text.txt'), 400);
  const frames = join(base, 'kept.safetensors');
  let measure: (options: ProbeOptions) => Promise<ProbeRecord>;
  let before: ProbeRecord;
  beforeAll(async () => {
    makeTinyModel(join(base, 'tiny'));
    const model = await openModel(join(base, 'tiny'), { cacheFolder: join(base, 'cache') });
    const settings = { batches: 4, calibrationBatches: 2, batchSize: 2, seqLen: 16 };
    measure = async (options) => (await probe(model, text, { ...settings, ...options })).record;
    before = await measure({ bases: ['gradient', 'natural'], ranks: [2, 4], framesFile: frames });
  });

  it('finds the same in every family and in ν, on the same batches', async () => {
    const after = await measure({ bases: [`${frames}#natural`, `${frames}#gradient`], ranks: [2, 4] });
    expect(after.settings.bases).toEqual(['natural@kept', 'gradient@kept']);
    expect(after.settings.framesFiles).toEqual([
      { name: 'natural@kept', path: frames, label: 'natural' },
      { name: 'gradient@kept', path: frames, label: 'gradient' },
    ]);
    expect(after.settings.calibrationBatches).toBe(0);
    expect(after.notes.at(-1)).toBe(`gradient@kept: the frames "gradient" of ${frames}.`);
    const figures = ({ families, natural }: BasisResult) => [
      ...families.flatMap(({ points }) => points.map(({ coverage }) => coverage.mean)),
      ...natural!.heldOut,
    ];
    const [gradient, natural] = before.global.bases.map(figures);
    const [file, file2] = after.global.bases.map(figures);
    expect(file).toHaveLength(5 * 2 + 4);
    file!.forEach((value, i) => {
      expect(value).toBeCloseTo(natural![i]!, 4);
    });
    file2!.forEach((value, i) => {
      expect(value).toBeCloseTo(gradient![i]!, 4);
    });
  });

  it('leaves out the ranks beyond their columns, and says so', async () => {
    const bases = ['random', `${frames}#gradient`];
    const { global, notes } = await measure({ bases, ranks: [4, 8] });
    const ranks = global.bases.map(({ families }) => families[0]!.points.map(({ rank }) => rank));
    expect(ranks).toEqual([[4, 8], [4]]);
    expect(notes.at(-1)).toContain('They have 4 columns; larger ranks are left out.');
    expect(await codeOf(() => measure({ bases, ranks: [8] }))).toBe('rank-too-large');
  });
});
