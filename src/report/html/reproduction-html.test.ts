import { describe, expect, it } from 'vitest';
import { exampleFigure, exampleReproductionRecord } from '../testing-reproduction.ts';
import { tickLabel } from './plot.ts';
import { renderExperimentHtml } from './render-experiment-html.ts';
import { renderReproductionHtml } from './render-reproduction-html.ts';
import { intervalNote, seriesFigure } from './series-figure.ts';

const record = exampleReproductionRecord();
const pages = [
  renderReproductionHtml(record),
  ...record.experiments.map(({ name }) => renderExperimentHtml(record, name)),
];
const [index, coverage, loss, predictor] = pages as [string, string, string, string];

/** The text of a page’s table rows, cell by cell. */
const rowsOf = (html: string): string[] =>
  [...html.matchAll(/<tr[^>]*>(.*?)<\/tr>/g)].map((match) =>
    match[1]!.replace(/<\/t[dh]>/g, '|').replace(/<[^>]+>/g, ''),
  );

describe('the pages of a reproduction', () => {
  it.each(pages.map((html, i) => [i, html]))('page %i stands alone and runs nothing', (_, html) => {
    expect(html).not.toMatch(/https?:\/\/|<link|<img|@import|url\(| src=|<script/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(html).not.toMatch(/<coverage>|<measure>/);
    const ids = [...String(html).matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const opened = String(html).match(/<table/g) ?? [];
    expect(String(html).match(/<caption/g) ?? []).toHaveLength(opened.length);
  });

  it('have the claims first, in the order of the mission, with both figures and the verdict', () => {
    expect([...index.matchAll(/<h2>([^<]+)/g)].map((match) => match[1])).toEqual([
      'Verdicts',
      'Claims',
      'Experiments',
      'What was run',
      'Setting: Random start',
      'Setting: Pretrained, moved to new text',
    ]);
    const rows = rowsOf(index.slice(index.indexOf('<h2>Claims')));
    expect(rows[1]).toContain('M6, M1 · paper87-a/linear');
    expect(rows[2]).toBe(
      'Random start|0.00205 per dimension|0.003910 [0.003880, 0.003940]|✗ refuted|The slope is 0.00391, the exact null of the layers 0.00390: it says the shape of the layers, not of the gradient. p &lt; 0.0001 (Holm &lt; 0.0001), 5 replicates.|',
    );
    expect(rows[6]).toBe(
      'Pretrained, moved to new text|r = −0.9963|–|? inconclusive|3 of 30 trials are missing.|',
    );
    expect(index).toContain('Rule: confirmed if the interval holds 0.00205');
    expect(index).toContain('href="experiments/paper87-a.html"');
  });

  it('have one line per claim above them all, with a column per setting and a way to its reasons', () => {
    const rows = rowsOf(index.slice(0, index.indexOf('<h2>Claims')));
    expect(rows[0]).toBe('Row|Claim|Source|Random start|Pretrained, moved to new text|');
    expect(rows).toHaveLength(1 + new Set(record.claims.map(({ id }) => id)).size);
    expect(rows[1]).toContain('M6, M1|');
    expect(rows[1]).toContain(
      ' paper87-a/linear|0.00205 per dimension|✗ refuted0.003910 [0.003880, 0.003940]|',
    );
    for (const { id } of record.claims) {
      expect(index).toContain(`href="#claim-${id}"`);
      expect(index).toContain(`id="claim-${id}"`);
    }
  });

  it('tell a note of one setting with its name, and one of all settings once', () => {
    const [note] = record.experiments[0]!.notes;
    expect(coverage).toContain(`<p>Random start: ${note!.text}</p>`);
    const everywhere = record.settings.map(({ name }) => ({ setting: name, text: note!.text }));
    const experiments = record.experiments.map((one) => ({ ...one, notes: everywhere }));
    expect(renderExperimentHtml({ ...record, experiments }, 'paper87-a')).toContain(`<p>${note!.text}</p>`);
  });

  it('have the source’s figures in the same rows as ours', () => {
    expect(rowsOf(coverage)).toContain(
      '64|0.2496[0.2421, 0.2571]|0.2746[0.2663, 0.2828]|0.003900|0.131|0.157|',
    );
    expect(rowsOf(coverage)).toContain('|measured here|the source|');
  });

  it('have them apart where rows differ', () => {
    expect(loss).toContain('<div class="beside">');
    expect(rowsOf(loss)).toContain('32|6.7678|');
    expect(rowsOf(loss)).toContain('core, K = 32|0.000900|3.768[3.748, 3.788]|');
  });

  it('tell failures where they happened, and what to know of the run everywhere', () => {
    expect(index).toContain('Trials failed: 3 of paper87-b.');
    expect(loss).toContain('Trials failed: 3 of paper87-b.');
    expect(coverage).not.toContain('failed');
    expect(renderExperimentHtml({ ...record, quick: true }, 'paper87-a')).toContain('This was a smoke run');
  });

  it('say with what it was made', () => {
    for (const text of [record.command, record.settings[0]!.data.sha256, 'node 20.20.2', '0, 1, 2, 3, 4']) {
      expect(coverage).toContain(text);
      expect(index).toContain(text);
    }
    expect(predictor).toContain('Nothing yet</strong> has no points to draw.');
  });
});

describe('seriesFigure', () => {
  it('draws lines with bars, null band and ceiling', () => {
    const figure = exampleFigure();
    const series = figure.series.map((one) => ({ ...one, points: one.points.slice(0, 3) }));
    const { markup } = seriesFigure({ ...figure, series, id: 'figure' })!;
    const narrow = markup.slice(markup.indexOf('<div class="narrow">'));
    expect(narrow.replaceAll('><', '>\n<')).toMatchSnapshot();
  });

  it('tells nine series apart by colour, shape and dashes together', () => {
    const series = Array.from({ length: 16 }, (_, i) => ({
      name: `series ${i}`,
      kind: 'line' as const,
      points: [{ x: 1, y: i + 1 }],
    }));
    const { markup } = seriesFigure({ ...exampleFigure(), series, id: 'figure' })!;
    const looks = [...markup.slice(markup.indexOf('<ul')).matchAll(/<g class="(s-\d)">(.*?)<\/g>/g)].map(
      ([, colour, drawing]) =>
        [colour, /class="line[^"]*"/.exec(drawing!), /class="mark" d="([^"]+)"/.exec(drawing!)![1]].join(),
    );
    expect(looks).toHaveLength(16);
    expect(new Set(looks).size).toBe(16);
  });

  it('leaves out what a logarithmic axis has no place for', () => {
    const points = [
      { x: 0, y: 1 },
      { x: 1, y: 0 },
    ];
    const series = [{ name: 'zero', kind: 'points' as const, points }];
    expect(seriesFigure({ ...exampleFigure(), series, id: 'figure' })).toBeNull();
  });

  it('has ticks at the ranks, and at round numbers where those would touch', () => {
    const ticksOf = (xs: readonly number[]) => {
      const series = [{ name: 'a', kind: 'line' as const, points: xs.map((x) => ({ x, y: x })) }];
      const { markup } = seriesFigure({ ...exampleFigure(), series, id: 'figure' })!;
      const wide = markup.slice(0, markup.indexOf('class="narrow"'));
      return [...wide.matchAll(/class="tick"[^>]*text-anchor="middle">([^<]+)/g)].map((match) => match[1]);
    };
    expect(ticksOf([5, 20, 45, 100, 400])).toEqual(['5', '20', '45', '100', '400']);
    expect(ticksOf([100, 101, 200])).toEqual(['100', '200']);
    expect(ticksOf([0.031, 0.062, 0.25])).toEqual(['0.05', '0.1', '0.2']);
  });

  it('says how intervals are drawn', () => {
    expect(intervalNote(exampleFigure())).toBe(
      'Bars are 95 % intervals; lines are drawn a little apart so that bars do not meet.',
    );
    expect(intervalNote(record.experiments[1]!.figures[0]!)).toBe('Shades are 95 % intervals.');
    expect(intervalNote({ series: exampleFigure().series.slice(3) })).toBe('');
  });
});

describe('ticks', () => {
  it('are read off in few characters', () => {
    expect([0, 0.25, -2, 10_000, 2_500_000, 3e-4, 1e-5].map(tickLabel)).toEqual([
      '0',
      '0.25',
      '-2',
      '10,000',
      '2.5M',
      '3·10⁻⁴',
      '10⁻⁵',
    ]);
  });
});
