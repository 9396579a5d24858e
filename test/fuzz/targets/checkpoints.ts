/** States of trainings that are resumed. */
import { float32, type Rng } from '../../../src/numeric/index.ts';
import { loadCheckpoint } from '../../../src/training/checkpoint.ts';
import { breakJson } from '../kit/json-case.ts';
import { chance } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { breakTensors, type PlainTensor, randomTensor, tensorFile } from '../kit/tensor-file.ts';

const SETTINGS = { rank: 2, adapter: 'core', seed: 1, config: 'a', tokens: 'b', evalTokens: 'c' };
const STEP = 5;

/** Step, and a sum of what was read. */
interface Read {
  readonly step: number;
  readonly sum: number;
}

const PARTS = ['trained', 'first', 'second'];

export const checkpoint = defineTarget<Read>({
  name: 'checkpoint',
  weight: 2,
  make: (rng) =>
    makeState(
      'checkpoint.safetensors',
      PARTS.map((part) => randomTensor(`${part}/h.0.attn/m`, [2, 2], rng)),
      rng,
    ),
  read(folder) {
    const trained = { 'h.0.attn/m': float32([2, 2], new Float32Array(4)) };
    const zeros = () => ({ 'h.0.attn/m': new Float32Array(4) });
    const empty = { step: 0, first: zeros(), second: zeros() };
    const state = loadCheckpoint(folder, trained, empty, SETTINGS, () => {});
    const { step, first, second } = state.optimizer;
    const { data } = trained['h.0.attn/m'];
    return { step, sum: sumOf(data as Float32Array, first['h.0.attn/m']!, second['h.0.attn/m']!) };
  },
});

function makeState(
  file: string,
  tensors: readonly PlainTensor[],
  rng: Rng,
  more: object = {},
): FuzzCase<Read> {
  const progress = { version: 2, step: STEP, sequencesTaken: 12, settings: SETTINGS, ...more };
  const inProgress = chance(rng, 0.5);
  const document = breakJson(progress, rng, {
    intact: inProgress ? 0.2 : 1,
    // The version and some settings are younger than the first states: without them a run goes on, with a warning.
    breaks: ({ what, path }) =>
      what === 'retype' || (what === 'remove' && !/^(settings\/|version$)|\*$/.test(path)),
  });
  const metadata = { progress: Buffer.from(document.bytes).toString('utf8') };
  const numbers = inProgress
    ? { bytes: tensorFile(tensors, metadata), verdict: document.verdict, changes: document.changes }
    : breakTensors(tensors, rng, metadata);
  const sum = sumOf(...tensors.map(({ values }) => values));
  return {
    files: { [file]: numbers.bytes },
    verdict: numbers.verdict,
    changes: numbers.changes,
    check: (read) =>
      numbers.changes.length > 0 || (read.step === STEP && read.sum === sum)
        ? undefined
        : 'read otherwise than written',
  };
}

function sumOf(...arrays: readonly ArrayLike<number>[]): number {
  return arrays.reduce((whole, array) => Array.from(array).reduce((sum, value) => sum + value, whole), 0);
}
