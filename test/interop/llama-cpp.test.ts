/** llama.cpp loads our GGUF adapter, and its next-token probabilities move as ours do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptedModel, exportGgufLora, lowRankUpdates } from '../../src/adapters/index.ts';
import { randomAdapter, type TestLayer } from '../../src/adapters/testing.ts';
import { openModel, Predictor } from '../../src/models/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import { writeFloatCopy } from './float-copy.ts';
import { findLlamaCpp, findSmolLm, llamaLogits } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'interop-llama-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const llamaCpp = await findLlamaCpp();
const smol = findSmolLm();
const missing = llamaCpp.missing ?? smol.missing;
const reason = missing === undefined ? '' : ` (skipped: ${missing})`;

const PROMPT = 'It was a dark and stormy night, and the old captain';

/** The likeliest tokens of the model without an adapter are compared. */
const COMPARED = 50;

/** Queries and keys alone, whose rows are permuted; then every kind of layer, with mixed ranks. */
const PLANS: Readonly<Record<string, readonly TestLayer[]>> = {
  'queries and keys': [
    { end: 'q_proj', family: 'core', rank: 8 },
    { end: 'k_proj', family: 'left', rank: 4 },
  ],
  'all layers': [
    { end: 'q_proj', family: 'core', rank: 8 },
    { end: 'k_proj', family: 'diagonal', rank: 4 },
    { end: 'v_proj', family: 'left', rank: 3 },
    { end: 'o_proj', family: 'right', rank: 2 },
    { end: 'gate_proj', family: 'factors', rank: 1 },
    { end: 'up_proj', family: 'core', rank: 4 },
    { end: 'down_proj', family: 'core', rank: 4 },
  ],
};
const SIZES: Readonly<Record<string, number>> = { 'queries and keys': 0.7, 'all layers': 0.25 };

/**
 * What may differ in the moves, relative. llama.cpp rounds activations to 8 bits where weights are quantised; with
 * float32 weights, and keys and values kept in float32, only rounding is left.
 */
const BASES = [
  { base: 'quantised weights', tolerance: 0.25 },
  { base: 'float32 weights', tolerance: 0.02 },
] as const;
const CASES = Object.keys(PLANS).flatMap((plan) => BASES.map((base) => ({ plan, ...base })));

describe.skipIf(missing !== undefined)(`llama.cpp${reason}`, () => {
  const floatCopy = join(folder, 'float32.gguf');
  beforeAll(() => writeFloatCopy(smol.tool!, floatCopy));

  it.each(CASES)('moves as we do: $base, an adapter on $plan', async ({ plan, base, tolerance }) => {
    const model = await openModel(smol.tool!);
    const adapter = await randomAdapter(model, PLANS[plan]!, SIZES[plan]!);
    const path = join(folder, `${plan}-${base}.gguf`);
    await exportGgufLora(path, model, lowRankUpdates(adapter.layers));

    const ids = (await model.tokenizer()).encode(PROMPT);
    const engine = createOnnxEngine();
    const ours: Float64Array[] = [];
    for (const one of [model, adaptedModel(model, adapter)]) {
      const predictor = new Predictor(engine, one);
      ours.push(logProbabilities(await predictor.logits(ids)));
      await predictor.release();
    }
    await engine.close();
    const file = base === 'float32 weights' ? floatCopy : smol.tool!;
    const theirs = [
      logProbabilities(await llamaLogits(llamaCpp.tool!, file, ids)),
      logProbabilities(await llamaLogits(llamaCpp.tool!, file, ids, path)),
    ];
    const likeliest = [...ours[0]!.keys()].sort((a, b) => ours[0]![b]! - ours[0]![a]!).slice(0, COMPARED);
    const moves = ([before, after]: readonly Float64Array[]) =>
      likeliest.map((token) => after![token]! - before![token]!);
    const [ourMoves, theirMoves] = [moves(ours), moves(theirs)];
    const size = rootMeanSquare(ourMoves);
    const error = rootMeanSquare(ourMoves.map((move, i) => theirMoves[i]! - move));
    console.info(
      `${base}, ${plan}: log-probabilities of the ${COMPARED} likeliest tokens move by ${size.toFixed(4)} (root ` +
        `mean square); llama.cpp’s moves differ from ours by ${error.toFixed(4)}`,
    );
    expect(size).toBeGreaterThan(0.3);
    expect(error / size).toBeLessThan(tolerance);
  });
});

function logProbabilities(logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return Float64Array.from(logits, (logit) => logit - largest - Math.log(total));
}

const rootMeanSquare = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
