import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensorsHeader, writeSafetensors } from '../checkpoint/index.ts';
import { float32 } from '../numeric/index.ts';
import {
  type CheckpointState,
  hasAnyCheckpoint,
  hasCheckpoint,
  loadCheckpoint,
  refuseNothingToResume,
  saveCheckpoint,
} from './checkpoint.ts';

const base = mkdtempSync(join(tmpdir(), 'checkpoint-'));
afterAll(() => rmSync(base, { recursive: true }));
const newFolder = () => mkdtempSync(join(base, 'run-'));

const SETTINGS = { seed: 1, warmup: 4, steps: 9 };
const tensor = (...values: number[]) => float32([values.length], Float32Array.from(values));
const arrays = (value: number) => ({ a: Float32Array.of(value, value + 1), b: Float32Array.of(value + 2) });
const empty = () => ({ step: 0, first: arrays(0), second: arrays(0) });
const state = (step: number): CheckpointState => ({
  optimizer: { step, first: arrays(3), second: arrays(6) },
  sequencesTaken: 12,
  measured: arrays(9),
});

const load = (folder: string, settings = SETTINGS) => {
  const trained = { a: tensor(0, 0), b: tensor(0) };
  return { trained, state: loadCheckpoint(folder, trained, empty(), settings, () => {}) };
};

/** A state as version 1 wrote it: without its version. */
async function saveOlder(folder: string, step: number): Promise<void> {
  await saveCheckpoint(folder, { a: tensor(1, 2), b: tensor(5) }, state(step), SETTINGS);
  const path = join(folder, 'checkpoint.safetensors');
  const progress = JSON.parse(readSafetensorsHeader(path).metadata.progress!);
  const { version, ...older } = progress;
  expect(version).toBe(2);
  const tensors = Object.fromEntries(
    ['trained', 'first', 'second'].flatMap((part) => [
      [`${part}/a`, tensor(1, 2)],
      [`${part}/b`, tensor(5)],
    ]),
  );
  await writeSafetensors(path, tensors, { progress: JSON.stringify(older) });
}

describe('the state of a run', () => {
  it('comes back as it was', async () => {
    const folder = newFolder();
    await saveCheckpoint(folder, { a: tensor(1, 2), b: tensor(5) }, state(3), SETTINGS);
    const loaded = load(folder);
    expect(loaded.state).toEqual(state(3));
    expect(loaded.trained).toEqual({ a: tensor(1, 2), b: tensor(5) });
  });

  it('is refused for a run that was asked for something else', async () => {
    const folder = newFolder();
    await saveCheckpoint(folder, { a: tensor(1, 2), b: tensor(5) }, state(3), SETTINGS);
    expect(() => load(folder, { ...SETTINGS, seed: 2 })).toThrow(/seed 2[\s\S]*seed 1/);
  });

  it('of version 1 is read after the warm-up, which it would end otherwise than it began', async () => {
    const folder = newFolder();
    await saveOlder(folder, 4);
    expect(load(folder).state.optimizer.step).toBe(4);
    await saveOlder(folder, 3);
    expect(() => load(folder)).toThrow(/older version[\s\S]*step 3 of a warm-up of 4/);
  });

  it('of a pretraining of version 1 is refused, and not written over', () => {
    const folder = newFolder();
    expect(() => refuseNothingToResume(folder)).toThrow('nothing to resume');
    writeFileSync(join(folder, 'training.safetensors'), '');
    expect([hasCheckpoint(folder), hasAnyCheckpoint(folder)]).toEqual([false, true]);
    expect(() => refuseNothingToResume(folder)).toThrow('older version');
  });
});
