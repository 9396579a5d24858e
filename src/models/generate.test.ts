import { afterAll, describe, expect, it } from 'vitest';
import { loadReference } from '../../test/support/reference.ts';
import { createRng } from '../numeric/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { generateTokens, Predictor } from './generate.ts';
import { openModel } from './model.ts';

const engine = createOnnxEngine();
afterAll(() => engine.close());

const GREEDY = { temperature: 0, topP: 1, rng: createRng(0), ends: new Set<number>(), hasToken: () => true };

async function collect(tokens: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const token of tokens) all.push(token);
  return all;
}

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  it('predicts from any position what PyTorch predicts there, whatever the padding', async () => {
    const reference = loadReference(name);
    const model = await openModel(reference.folder);
    const { tokens, seqLen } = reference.batches[0]!;
    const { data } = reference.tensors.get('logits')!;
    const vocabulary = model.definition.vocabularySize;
    const predictor = new Predictor(engine, model);
    for (const length of [1, 3, seqLen]) {
      const got = await predictor.logits([...tokens.subarray(0, length)]);
      expect(got.length).toBe(vocabulary);
      const expected = data.subarray((length - 1) * vocabulary, length * vocabulary);
      for (const [i, logit] of got.entries()) expect(Math.abs(logit - expected[i]!)).toBeLessThan(1e-4);
    }
    await predictor.release();
  });

  it('takes its own tokens as the text to go on from, beyond the context too', async () => {
    const model = await openModel(loadReference(name).folder);
    const { contextLength } = model.definition;
    const prompt = [5, 7];
    const made = await collect(
      generateTokens(engine, model, prompt, { ...GREEDY, maxTokens: contextLength + 3 }),
    );
    expect(made).toHaveLength(contextLength + 3);
    const predictor = new Predictor(engine, model);
    for (const at of [0, 4, contextLength + 2]) {
      const logits = await predictor.logits([...prompt, ...made.slice(0, at)]);
      expect(made[at]).toBe(logits.indexOf(logits.reduce((a, b) => Math.max(a, b))));
    }
    await predictor.release();
  });
});

it('draws the same text from the same seed, and stops at the end of a text', async () => {
  const model = await openModel(loadReference('gpt2').folder);
  const draw = (seed: number, ends: readonly number[] = [], hasToken = (_: number) => true) =>
    collect(
      generateTokens(engine, model, [5], {
        temperature: 1,
        topP: 1,
        maxTokens: 12,
        ends: new Set(ends),
        hasToken,
        rng: createRng(seed),
      }),
    );
  const first = await draw(1);
  expect(await draw(1)).toEqual(first);
  expect(await draw(2)).not.toEqual(first);
  const end = first[5]!;
  expect(await draw(1, [end])).toEqual(first.slice(0, first.indexOf(end)));
  expect(await draw(1, [-1, end])).toEqual(first.slice(0, first.indexOf(end)));

  // What the tokenizer does not have is never drawn, however likely it is.
  const few = await draw(1, [], (id) => id % 2 === 0);
  expect(few).toHaveLength(12);
  expect(few.filter((id) => id % 2 === 1)).toEqual([]);
});
