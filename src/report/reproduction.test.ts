import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { reproductionRecordSchema } from '../record/index.ts';
import { renderFindings } from './findings.ts';
import { reproductionFiles } from './reproduction-files.ts';
import { renderReproductionMarkdown } from './reproduction-markdown.ts';
import { renderReproductionTable } from './reproduction-table.ts';
import { claimGroups, experimentPage, reproductionWarnings } from './reproduction-view.ts';
import { exampleReproductionRecord } from './testing-reproduction.ts';

const record = exampleReproductionRecord();

it('the example record of these tests obeys the schema', () => {
  expect(() => reproductionRecordSchema.parse(record)).not.toThrow();
});

describe('claimGroups', () => {
  it('follows the mission, our own questions last, and the settings of the record', () => {
    const groups = claimGroups(record);
    expect(groups.map(({ id }) => id)).toEqual([
      'paper87-a/linear',
      'paper87-b/correlation',
      'predictor/natural',
    ]);
    expect(groups[0]!.results.map(({ setting }) => setting)).toEqual(['random-start', 'pretrained']);
  });

  it('orders rows by number', () => {
    const claims = ['M10', 'M2'].map((row) => ({ ...record.claims[0]!, id: row, rows: [row] }));
    expect(claimGroups({ ...record, claims }).map(({ id }) => id)).toEqual(['M2', 'M10']);
  });
});

describe('reproductionWarnings', () => {
  it('tells smoke runs, unfinished runs and failed trials', () => {
    const warnings = reproductionWarnings({ ...record, quick: true, status: 'partial' });
    expect(warnings).toEqual([
      expect.stringContaining('smoke run'),
      expect.stringContaining('not complete'),
      'Trials failed: 3 of paper87-b.',
    ]);
    expect(reproductionWarnings({ ...record, experiments: [record.experiments[0]!] })).toEqual([]);
  });
});

describe('renderReproductionTable', () => {
  it('has a line a claim and setting, then the counts', () => {
    const lines = renderReproductionTable(record).split('\n');
    expect(lines.slice(1, 6).map((line) => line.split(/ {2,}|(?<=start|trained) /))).toEqual([
      ['paper87-a/linear', 'random-start', '0.003910 [0.003880, 0.003940] 0.00205 per dimensi… ✗ refuted'],
      ['', 'pretrained', '0.00580 [0.00510, 0.00650]', '0.00205 per dimensi… ✗ refuted'],
      ['paper87-b/correlation random-start', '−0.9871 [−0.9932, −0.9754]', 'r = −0.9963', '✓ confirmed'],
      ['', 'pretrained', '–', 'r = −0.9963', '? inconclusive'],
      ['predictor/natural', 'pretrained', '0.21 [−0.04, 0.43]', '–', '? inconclusive'],
    ]);
    expect(lines.slice(7, 9)).toEqual([
      'random-start: 1 confirmed, 1 refuted, 0 inconclusive',
      'pretrained: 0 confirmed, 1 refuted, 2 inconclusive',
    ]);
  });

  it('fits its columns whatever is in it, and is coloured only when asked', () => {
    const long = exampleReproductionRecord();
    long.claims[0]!.id = 'an-experiment-with-a-name/and-a-claim-with-a-longer-one';
    long.claims[0]!.sourceFigure = 'many words '.repeat(20);
    long.claims[0]!.estimate = { mean: -123_456.7, low: -223_456.71, high: -23_456.78 };
    for (const columns of [60, 80, 140]) {
      const lines = renderReproductionTable(long, { columns }).split('\n');
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      expect(lines.join()).toContain('−123,457 [−223,457, −23,457]');
    }
    const text = renderReproductionTable({ ...long, quick: true });
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).toContain('−123,457 [−223,457, −23,457]');
    expect(stripVTControlCharacters(renderReproductionTable(long, { color: true }))).toBe(
      renderReproductionTable(long),
    );
    expect(renderReproductionTable(long, { color: true })).toContain('\u001b[32m✓ confirmed');
  });
});

describe('renderReproductionMarkdown', () => {
  const text = renderReproductionMarkdown(record);

  it('has the claims before the experiments, and the source’s figures beside ours', () => {
    const places = ['## Claims', '## Coverage over', '## Loss against', '## Which', '## What was run'];
    const found = places.map((place) => text.indexOf(`\n${place}`));
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    expect(found[0]).toBeGreaterThan(0);
    expect(text).toContain(
      '| 64 | 0.2496 [0.2421, 0.2571] | 0.2746 [0.2663, 0.2828] | 0.003900 | 0.131 | 0.157 |',
    );
    expect(text).toContain('**inconclusive** | 3 of 30 trials are missing. |');
    expect(text).toContain(record.settings[0]!.model.sha256);
  });

  it('keeps what comes from a record from being read as markup', () => {
    expect(text).toContain('than \\<coverage\\> \\| does.');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('renderFindings', () => {
  const other = exampleReproductionRecord();
  other.settings = [{ ...other.settings[1]!, model: { ...other.settings[1]!.model, name: 'SmolLM2-135M' } }];
  other.claims = other.claims.filter(({ setting }) => setting === 'pretrained');
  const linear = other.claims.find(({ id }) => id === 'paper87-a/linear')!;
  Object.assign(linear, { verdict: 'confirmed', estimate: { mean: 0.00205, low: 0.00201, high: 0.00209 } });
  const sources = [
    { path: 'results/a/reproduction.json', record },
    { path: 'results/b/reproduction.json', record: other },
  ];
  const text = renderFindings(sources, 'write it');
  const rows = text.split('\n').filter((line) => /^\| (M\d+|ours) /.test(line));

  it('says that and how it was made', () => {
    expect(text.split('\n')[0]).toContain('Written by `write it`');
  });

  it('has every row of the mission in order, ours last', () => {
    const mission = Array.from({ length: 19 }, (_, i) => `M${i + 1}`);
    expect(rows.map((row) => row.split(' ')[1])).toEqual([...mission, 'ours']);
    expect(rows[1]).toBe(
      '| M2 | Coverage over training steps (Phase A): no claim in these records | – | – | – | – |',
    );
  });

  it('sets the settings of all records side by side, told apart by their models', () => {
    const head = text.split('\n').find((line) => line.startsWith('| row |'));
    expect(head).toBe(
      '| row | claim | source | Random start | Pretrained, moved to new text, sotu-gpt2-4x256 | Pretrained, moved to new text, SmolLM2-135M |',
    );
    expect(rows[5]).toContain(
      '| 0.00205 per dimension | **refuted** 0.003910 [0.003880, 0.003940] | **refuted** 0.00580 [0.00510, 0.00650] | **confirmed** 0.002050 [0.002010, 0.002090] |',
    );
    expect(rows[2]).toContain(
      '| **confirmed** −0.9871 [−0.9932, −0.9754] | **inconclusive** | **inconclusive** |',
    );
  });

  it('has the tables that the source has too', () => {
    expect(text).toContain('| 64 | 0.2496 [0.2421, 0.2571] |');
  });
});

describe('reproductionFiles', () => {
  it('has a page for claims and one for each experiment, which link to each other', () => {
    const files = reproductionFiles(record);
    const pages = ['experiments/paper87-a.html', 'experiments/paper87-b.html', 'experiments/predictor.html'];
    expect([...files.keys()]).toEqual(['report.html', 'report.md', ...pages]);
    for (const page of pages) {
      expect(files.get('report.html')).toContain(`href="${page}"`);
      expect(files.get(page)).toContain('href="../report.html"');
    }
  });

  it('lets no name lead out of the folder', () => {
    expect(experimentPage('../../etc/x y')).toBe('experiments/-etc-x-y.html');
  });
});
