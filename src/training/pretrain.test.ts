import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLockFile } from '../files/index.ts';
import { createRng } from '../numeric/index.ts';
import { createOnnxEngine, type Engine } from '../runtime/index.ts';
import { type Sequences, sequencesOf } from '../text/index.ts';
import {
  evaluateLoss,
  initialWeights,
  type PretrainOptions,
  pretrain,
  readMetrics,
  readModelConfig,
} from './index.ts';
import { sequenceStream } from './sequence-order.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-pretrain-'));
const config = join(base, 'config.json');
writeFileSync(
  config,
  JSON.stringify({ model_type: 'gpt2', vocab_size: 31, n_positions: 16, n_embd: 8, n_layer: 2, n_head: 2 }),
);
const { definition } = readModelConfig(config);

/** Text in which each token is the one before it plus 1 or 2: there is something to learn. */
function makeText(count: number, seqLen: number): Sequences {
  const rng = createRng(5);
  const tokens = new Int32Array(count * seqLen);
  for (let i = 0; i < tokens.length; i++) tokens[i] = ((tokens[i - 1] ?? 0) + 1 + rng.integer(2)) % 31;
  const lossMask = new Uint8Array(tokens.length).fill(1);
  return sequencesOf({ tokens, lossMask, seqLen });
}

const sequences = makeText(10, 16);
let engine: Engine;
beforeAll(() => {
  engine = createOnnxEngine();
});
afterAll(async () => {
  await engine.close();
  rmSync(base, { recursive: true, force: true });
});

function optionsFor(folder: string, more: Partial<PretrainOptions> = {}): PretrainOptions {
  const settings = {
    steps: 12,
    batchSize: 4,
    microBatchSize: 2,
    learningRate: 0.01,
    finalLearningRate: 0.001,
    warmup: 3,
    weightDecay: 0.1,
    clip: 1,
    seed: 7,
  };
  const identity = { data: 'numbers' };
  return {
    engine,
    definition,
    sequences,
    settings,
    identity,
    directory: folder,
    checkpointEvery: 5,
    ...more,
  };
}

const newFolder = () => mkdtempSync(join(base, 'run-'));
const withoutSpeed = (folder: string) => readMetrics(folder).map(({ tokensPerSecond: _, ...rest }) => rest);

describe('pretrain', () => {
  const whole = newFolder();
  beforeAll(async () => {
    await pretrain(optionsFor(whole));
  });

  it('learns, follows the schedule, and writes one line per step', () => {
    const rows = readMetrics(whole);
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    // At the start every token is as likely as any other.
    expect(rows[0]!.loss).toBeCloseTo(Math.log(31), 1);
    expect(rows[11]!.loss).toBeLessThan(rows[0]!.loss - 0.1);
    expect(rows[0]!.learningRate).toBe(0);
    expect(rows[3]!.learningRate).toBe(0.01);
    expect(rows[11]!.learningRate).toBeCloseTo(0.001 + (0.009 * (1 + Math.cos((8 / 9) * Math.PI))) / 2, 12);
  });

  it('goes on after an abort with the same losses, bit for bit', async () => {
    const folder = newFolder();
    const abort = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 7 && abort.abort();
    const first = await pretrain(optionsFor(folder, { signal: abort.signal, onStep }));
    expect(first).toMatchObject({ status: 'partial', step: 7 });
    const second = await pretrain(optionsFor(folder, { resume: true }));
    expect(second.status).toBe('complete');
    expect(withoutSpeed(folder)).toEqual(withoutSpeed(whole));
  });

  it('goes on after the process was killed between checkpoints', async () => {
    const folder = newFolder();
    const script = fileURLToPath(new URL('./testing/pretrain-and-die.ts', import.meta.url));
    const { engine: _, sequences: __, definition: ___, ...rest } = optionsFor(folder);
    const text = JSON.stringify({ ...rest, config, seqLen: 16, tokens: [...sequences.batch().tokens] });
    const end = await new Promise<{ signal: unknown; errors: string }>((resolve) => {
      const done = (error: ExecFileException | null, _: string, errors: string) =>
        resolve({ signal: error?.signal, errors });
      execFile(process.execPath, ['--import', 'tsx', script], done).stdin!.end(text);
    });
    expect(end).toEqual({ signal: 'SIGKILL', errors: '' });
    expect(readMetrics(folder).length).toBe(8);
    const left = ['.rankscope-lock-1', 'checkpoint.safetensors', 'metrics.jsonl'];
    expect(readdirSync(folder).toSorted()).toEqual(left);
    await pretrain(optionsFor(folder, { resume: true }));
    expect(readdirSync(folder).filter(isLockFile)).toEqual([]);
    expect(withoutSpeed(folder)).toEqual(withoutSpeed(whole));
  });

  it('gives the same losses for every size of the pieces, up to rounding', async () => {
    const folder = newFolder();
    const { settings } = optionsFor(folder);
    await pretrain(optionsFor(folder, { settings: { ...settings, microBatchSize: 4 } }));
    const expected = readMetrics(whole);
    readMetrics(folder).forEach(({ loss }, i) => {
      expect(Math.abs(loss / expected[i]!.loss - 1)).toBeLessThan(1e-4);
    });
  });

  it('refuses a checkpoint of other settings, and the lack of one', async () => {
    const { settings } = optionsFor(whole);
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    // What is known more than when the run began is told, and does not refuse it.
    const known = { data: 'numbers', tokens: 'of now' };
    await pretrain(optionsFor(whole, { identity: known, resume: true, onWarning }));
    expect(warnings).toEqual([expect.stringContaining('is of an older version')]);
    const changed = optionsFor(whole, { settings: { ...settings, seed: 8 }, resume: true });
    await expect(pretrain(changed)).rejects.toMatchObject({ code: 'checkpoint-of-another-run' });
    await expect(pretrain(optionsFor(newFolder(), { resume: true }))).rejects.toMatchObject({
      code: 'no-checkpoint',
    });
  });

  it('names the step at which the loss is no number any more', async () => {
    const folder = newFolder();
    const { settings } = optionsFor(folder);
    const wild = optionsFor(folder, { settings: { ...settings, learningRate: 1e30, warmup: 0 } });
    await expect(pretrain(wild)).rejects.toThrow(/broke down at step [2-4]\./);
  });
});

describe('sequenceStream', () => {
  it('takes every sequence once per epoch, in another order each time', () => {
    const tokens = Int32Array.from({ length: 12 }, (_, i) => i >> 1);
    const numbered = sequencesOf({ tokens, lossMask: new Uint8Array(12), seqLen: 2 });
    const stream = sequenceStream(numbered, createRng(1));
    const firstTokens = (taken: number) => [...stream.batch(taken, 6).tokens].filter((_, i) => i % 2 === 0);
    const [first, second] = [firstTokens(0), firstTokens(6)];
    expect(first.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(second.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(first).not.toEqual(second);
    // A batch across two epochs, and going back.
    expect(firstTokens(4)).toEqual([...first.slice(4), ...second.slice(0, 4)]);
    expect(firstTokens(0)).toEqual(first);
  });
});

describe('evaluateLoss', () => {
  it('is the mean over all targets whatever the batch size', async () => {
    const weights = initialWeights(definition, createRng(2));
    const losses = [];
    for (const batchSize of [1, 4, 10]) {
      const { loss, targets } = await evaluateLoss(engine, definition, weights, sequences, batchSize);
      expect(targets).toBe(10 * 15);
      losses.push(loss);
    }
    expect(losses[1]).toBeCloseTo(losses[0]!, 5);
    expect(losses[2]).toBeCloseTo(losses[0]!, 5);
  });
});

describe('initialWeights', () => {
  it('follows GPT-2: 0.02, residual projections 0.02 / √(2 · layers), gains 1, biases 0', async () => {
    const wide = join(base, 'wide.json');
    writeFileSync(
      wide,
      JSON.stringify({
        model_type: 'gpt2',
        vocab_size: 99,
        n_positions: 16,
        n_embd: 64,
        n_layer: 3,
        n_head: 2,
      }),
    );
    const weights = initialWeights(readModelConfig(wide).definition, createRng(3));
    const deviation = (name: string) => {
      const values = weights[`transformer.${name}.weight`]!;
      return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    };
    expect(deviation('wte') / 0.02).toBeCloseTo(1, 1);
    expect(deviation('h.1.mlp.c_fc') / 0.02).toBeCloseTo(1, 1);
    expect((deviation('h.2.mlp.c_proj') * Math.sqrt(6)) / 0.02).toBeCloseTo(1, 1);
    expect((deviation('h.0.attn.c_proj') * Math.sqrt(6)) / 0.02).toBeCloseTo(1, 1);
    expect(deviation('h.0.ln_1')).toBe(1);
    expect(weights['transformer.h.0.attn.c_attn.bias']!.every((x) => x === 0)).toBe(true);
  });

  it('begins Gemma’s norms at 0, which stand for a gain of 1, and scales what writes to the residual stream', () => {
    const { definition: gemma } = readModelConfig(
      fileURLToPath(new URL('../../test/reference/architectures/gemma3/config.json', import.meta.url)),
    );
    const weights = initialWeights(gemma, createRng(3));
    expect(new Set(weights['model.layers.0.self_attn.q_norm.weight'])).toEqual(new Set([0]));
    expect(new Set(weights['model.norm.weight'])).toEqual(new Set([0]));
    const deviation = (name: string) => {
      const values = weights[`model.layers.0.${name}.weight`]!;
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    const residual = deviation('mlp.down_proj') / deviation('mlp.up_proj');
    expect(Math.abs(residual * Math.sqrt(6) - 1)).toBeLessThan(0.2);
  });
});
