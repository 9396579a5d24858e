import { describe, expect, it } from 'vitest';
import {
  renderProbeHtml,
  renderProbeMarkdown,
  renderProbeTable,
  renderReproductionHtml,
  renderReproductionMarkdown,
  renderReproductionTable,
  renderTrainHtml,
  summarizeTraining,
  trainingMarkdown,
} from './index.ts';
import { exampleProbeRecord, exampleRunRecord } from './testing.ts';
import { exampleReproductionRecord } from './testing-reproduction.ts';
import { exampleTrainMetrics, exampleTrainRecord } from './testing-training.ts';

const NASTY =
  '\u001b]0;title\u0007\u001b[2J\u009b\u202e|<img src=x onerror=alert(1)>`</script>[a](javascript:alert(1))\r\n# top "\'';

/** Every text that a record leaves free: all but the words of its own vocabulary, which name keys and choices. */
function poison<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (FREE.has(key) ? `${value}${NASTY}` : value) as T;
  if (Array.isArray(value)) return value.map((part) => poison(part, key)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, poison(part, name)])) as T;
}
const FREE = new Set(
  [
    'path name architecture format sha256 notes text title question method caption why statement quantity rule',
    'sourceFigure command arguments processor startedAt versions gradientLayers basis id setting experiment',
    'columns rows series label xLabel yLabel error',
  ].flatMap((line) => line.split(' ')),
);
/** In a probe these are choices, and the schema holds to them. */
const probe = () => {
  const clean = exampleProbeRecord();
  const nasty = poison(clean);
  return {
    ...nasty,
    settings: clean.settings,
    global: clean.global,
    layers: nasty.layers.map((layer, i) => ({ ...layer, bases: clean.layers[i]!.bases })),
  };
};

const UNPRINTABLE = /[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069]/u;

describe('names that hold control characters and markup', () => {
  const run = poison(exampleRunRecord());
  const train = poison(exampleTrainRecord());
  const reproduction = poison(exampleReproductionRecord());

  it.each([
    ['probe', () => renderProbeTable(probe())],
    ['training', () => summarizeTraining(train, exampleTrainMetrics())],
    ['reproduction', () => renderReproductionTable(reproduction)],
  ])('move no cursor of a terminal: %s', (_, render) => {
    expect(render()).not.toMatch(UNPRINTABLE);
    expect(render()).toContain('\\u{1b}');
  });

  it.each([
    ['probe', () => renderProbeMarkdown(probe())],
    ['training', () => trainingMarkdown(train, exampleTrainMetrics())],
    ['reproduction', () => renderReproductionMarkdown(reproduction)],
  ])('are no markup in Markdown: %s', (_, render) => {
    const text = render();
    expect(text).toContain('img src=x');
    expect(text).not.toMatch(UNPRINTABLE);
    // What stands between backticks is code, where nothing is markup and nothing is escaped.
    const prose = text.replace(/(?<!\\)(`+)(?!`)[\s\S]*?[^`\\]\1(?!`)/g, '');
    expect(prose).not.toMatch(/(?<!\\)<(?!!--)|(?<!\\)\]\(|^#+ top/m);
    const tables = prose.split('\n').filter((line) => line.startsWith('| '));
    const columns = tables.map((line) => line.replaceAll('\\|', '').split('|').length);
    for (const [i, line] of tables.entries())
      if (i > 0 && line.startsWith('| :')) expect(columns[i]).toBe(columns[i - 1]);
  });

  it.each([
    ['probe', () => renderProbeHtml(probe(), run)],
    ['training', () => renderTrainHtml(train, exampleTrainMetrics(), run)],
    ['reproduction', () => renderReproductionHtml(reproduction)],
  ])('are text in a page: %s', (_, render) => {
    const page = render();
    expect(page).toContain('&lt;img src=x');
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script>/g)?.length ?? 0).toBe(page.match(/<script[ >]/g)?.length ?? 0);
    expect(page).not.toMatch(/[^\P{Cc}\n\t]|[\u2028-\u202e\u2066-\u2069]/u);
  });
});
