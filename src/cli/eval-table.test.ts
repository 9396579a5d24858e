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

it('is a table where it fits, and a list where it does not', () => {
  const interval = { mean: 2, low: 1.5, high: 2.5 };
  const result = {
    name: 'SmolLM2-135M',
    form: 'model',
    loss: interval,
    perplexity: interval,
    change: null,
  } as const;
  const adapter = { ...result, name: 'first', form: 'adapter', change: interval } as const;
  const at = (columns?: number) =>
    renderEvaluations([result, adapter], { path: 'a.txt', sequences: 4, seqLen: 8 }, columns);
  expect(at(100)).toBe(at());
  expect(at().split('\n')[3]).toBe(
    'with first    2.0000 [1.5000, 2.5000]  2.00 [1.50, 2.50]  +2.0000 [1.5000, 2.5000]',
  );
  expect(at(60)).toBe(
    [
      'a.txt: 4 sequences of 8 tokens',
      'SmolLM2-135M',
      '  loss (95 %)            2.0000 [1.5000, 2.5000]',
      '  perplexity (95 %)      2.00 [1.50, 2.50]',
      'with first',
      '  loss (95 %)            2.0000 [1.5000, 2.5000]',
      '  perplexity (95 %)      2.00 [1.50, 2.50]',
      '  change of loss (95 %)  +2.0000 [1.5000, 2.5000]',
      '',
    ].join('\n'),
  );
});
