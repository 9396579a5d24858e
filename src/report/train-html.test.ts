import { describe, expect, it } from 'vitest';
import { exampleTrainMetrics, exampleTrainRecord } from './testing-training.ts';
import { renderTrainHtml } from './train-html.ts';
import { describeAdapter, summarizeTraining } from './train-summary.ts';

const record = exampleTrainRecord();
const metrics = exampleTrainMetrics();
const layer = record.adapter.layers[0]!;

describe('the page of a training run', () => {
  const page = renderTrainHtml(record, metrics, null);

  it('draws the curves that were measured, and no others', () => {
    for (const id of ['loss', 'coverage', 'norm', 'rate']) expect(page, id).toContain(`id="${id}-912-title"`);
    for (const id of ['gain', 'natural', 'rank', 'cosine'])
      expect(page, id).not.toContain(`id="${id}-912-title"`);
    expect(page).toContain(
      'training batch: 5.50 at 1 to 4.50 at 2; evaluation text: 5.00 at 0 to 4.00 at 2.',
    );
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('loads nothing, and escapes what comes from a record', () => {
    expect(page).toContain("default-src 'none'".replaceAll("'", '&#39;'));
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;model&gt; trained on moby.txt');
    expect(page).not.toContain('<model>');
  });

  it('tells that a run was stopped', () => {
    expect(page).toContain('This run was stopped early');
    expect(renderTrainHtml({ ...record, status: 'complete' }, metrics, null)).not.toContain('stopped early');
  });

  it('draws a run that ended before its first step', () => {
    expect(renderTrainHtml(record, [], null)).toContain('What was run');
  });
});

describe('a run in words', () => {
  it('says what was trained and what it did', () => {
    expect(summarizeTraining(record, metrics)).toBe(
      '16 parameters on 1 layer (core svd, rank 4) after 2 steps. Loss on the evaluation text 5.0000 → 4.0000 ' +
        '(perplexity 148.41 → 54.60). Coverage at the end: 0.250, the mean of two batches.',
    );
    expect(summarizeTraining(record, metrics.slice(1))).toContain(
      'Loss of the training batch 5.5000 → 4.5000.',
    );
  });

  it('names mixed adapters so', () => {
    const layers = [layer, { ...layer, family: 'left' as const }];
    expect(describeAdapter({ ...record, adapter: { layers, trainedParameters: 48 } })).toBe('mixed, by plan');
    const ranks = [layer, { ...layer, rank: 2 }];
    expect(describeAdapter({ ...record, adapter: { layers: ranks, trainedParameters: 20 } })).toBe(
      'core svd, rank 2 to 4',
    );
  });
});
