import { describe, expect, it } from 'vitest';
import { BASES } from '../../record/index.ts';
import { renderProbeTable } from '../terminal.ts';
import { type ExampleOptions, exampleProbeRecord, exampleRunRecord } from '../testing.ts';
import { renderProbeHtml } from './render-probe-html.ts';
import { commandLine } from './run-details.ts';

/** The page without its style and script, whose text is not markup. */
const body = (html: string): string =>
  html.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<script[\s\S]*?<\/script>/g, '');

/** Tags that are closed in another order than they were opened, or not at all. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, closing, name] of body(html).matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
    if (closing === '') {
      if (name !== 'meta') open.push(name!);
    } else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}

describe('renderProbeHtml', () => {
  const html = renderProbeHtml(exampleProbeRecord(), exampleRunRecord());

  it('is one well-formed file that refers to nothing outside it', () => {
    expect(unbalanced(html)).toEqual([]);
    expect(html).not.toMatch(/https?:\/\/|<link|<img|@import|url\(| src=/);
    expect(html).not.toMatch(/NaN|Infinity/);
    expect(body(html)).not.toContain('undefined');
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows the answer, every section and what was run', () => {
    expect(html).toContain('At rank 64, core adapters on gradient frames reach 0.862');
    const sections = [...html.matchAll(/<h2>([^<]+)/g)].map((match) => match[1]);
    expect(sections).toEqual([
      'Coverage against rank',
      'By type of module',
      'Gain by layer and rank',
      'Natural coverage against rank',
      'Gradient spectra',
      'Layers',
      'What was run',
    ]);
    for (const text of [
      'rankscope probe assets/model --data assets/text/moby-dick.txt --seed 7',
      'Example Processor 9000',
      'onnxruntime 1.30.0',
      exampleProbeRecord().model.sha256,
      '584 MiB measured, 625 MiB estimated',
    ]) {
      expect(html).toContain(text);
    }
  });

  it('has a row for every type of module, and no such section for older records', () => {
    const record = exampleProbeRecord();
    const types = html.split('Types of modules, core adapters at rank 64')[1]!.split('</table>')[0]!;
    expect([...types.matchAll(/<th scope="row">([^<]+)/g)].map((match) => match[1])).toEqual(
      record.moduleTypes.map(({ name }) => name),
    );
    const { mean } = record.moduleTypes[3]!.bases[2]!.families[0]!.points.find(
      ({ rank }) => rank === 64,
    )!.coverage;
    expect(types.split('mlp.c_proj')[1]).toContain(`<td>${mean.toFixed(3)}</td>`);
    expect(renderProbeHtml({ ...record, moduleTypes: [] }, null)).not.toContain('By type of module');
  });

  it('has one heat-map cell per layer and rank, and one table row per layer', () => {
    expect(html.match(/<rect class="g-\d"/g)).toHaveLength(16 * 8);
    expect(html.match(/<tr data-layer="\d+"/g)).toHaveLength(16);
    const first = exampleProbeRecord().layers[0]!;
    const svd = first.bases[0]!.families[0]!.points.find((point) => point.rank === 64)!;
    const cells = html.match(/<tr data-layer="0">.*?<\/tr>/)![0];
    expect(cells).toContain(
      `<td data-v="${Number(svd.gain.mean.toPrecision(5))}">${svd.gain.mean.toFixed(2)}</td>`,
    );
  });

  it('gives every figure a name and a description', () => {
    const figures = html.match(/<svg [^>]*role="img"/g)!;
    expect(figures.length).toBeGreaterThan(10);
    expect(html.match(/<desc id="[^"]+">[^<]+<\/desc>/g)).toHaveLength(figures.length);
  });

  it('lets no text of a record become markup', () => {
    const record = exampleProbeRecord({ blocks: 1 });
    record.model.name = '<img src=x onerror=alert(1)>';
    record.layers[0]!.name = '</script><script>alert(1)</script>';
    record.notes = ['<b>'];
    const page = renderProbeHtml(record, null);
    expect(page).not.toMatch(/<img|<script>alert|<b>/);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });

  const partial: Partial<ExampleOptions>[] = [
    { ranks: [8] },
    { bases: ['random'], batches: 1 },
    { families: ['diagonal'], spectra: false },
    { bases: BASES, ranks: [1, 1024] },
    { bases: ['svd', 'gradient@kept', 'natural@kept'] },
  ];
  it.each(partial)('survives %j', (options) => {
    const record = exampleProbeRecord({ blocks: 1, ...options });
    for (const part of [record.global, ...record.layers]) {
      part.bases = part.bases.map((basis) => ({ ...basis, natural: null }));
    }
    const page = renderProbeHtml({ ...record, status: 'partial' }, null);
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/NaN|Infinity/);
    expect(body(page)).not.toContain('undefined');
    expect(page).toContain('stopped early');
    expect(page).not.toContain('<h2>Natural coverage');
    expect(page.includes('<h2>Gradient spectra')).toBe(options.spectra !== false);
  });

  it('survives a record without any measurement', () => {
    const record = exampleProbeRecord({ blocks: 1 });
    const page = renderProbeHtml({ ...record, global: { ...record.global, bases: [] }, layers: [] }, null);
    expect(page).toContain('Nothing was measured');
    expect(unbalanced(page)).toEqual([]);
  });

  it('stays small for a deep model', () => {
    const record = exampleProbeRecord({ blocks: 52, width: 64 });
    expect(record.layers.length).toBe(208);
    expect(renderProbeHtml(record, exampleRunRecord()).length).toBeLessThan(2_000_000);
  });
});

describe('commandLine', () => {
  it('quotes what a shell would read otherwise', () => {
    const run = { ...exampleRunRecord(), arguments: ['my model', '--layers', "a*'b", '--ranks', '2,4'] };
    expect(commandLine(run)).toBe(`rankscope probe 'my model' --layers 'a*'\\''b' --ranks 2,4`);
  });

  it('calls a layer without any gradient dead, and gives it no coverage', () => {
    const dead = exampleProbeRecord();
    dead.layers[1]!.gradientNorm = { mean: 0, low: 0, high: 0 };
    const row = renderProbeHtml(dead, null).split('<tr data-layer="1">')[1]!.split('</tr>')[0]!;
    expect(row).toContain('>dead<');
    expect(row.match(/<td[^>]*>–<\/td>/g)).toHaveLength(2 * dead.global.bases.length);
    expect(renderProbeTable(dead)).toMatch(/1 of \d+ layers are dead/);
  });
});
