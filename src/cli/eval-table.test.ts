import { expect, it } from 'vitest';
import { renderEvaluations } from './eval-table.ts';

it('gives no interval where a single sequence tells nothing of the spread', () => {
  const alone = { mean: 2, low: 2, high: 2 };
  const between = { mean: 2, low: 1.5, high: 2.5 };
  const result = { name: 'm', form: 'model', perplexity: between, change: null } as const;
  const text = renderEvaluations([{ ...result, loss: alone }], { path: 'a.txt', sequences: 1, seqLen: 8 });
  expect(text).toContain('a.txt: 1 sequence of 8 tokens\n');
  expect(text).toContain('2.0000 [no interval]  2.00 [1.50, 2.50]');
});
