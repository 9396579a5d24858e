import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BASES, probeRecordSchema } from '../record/index.ts';
import { renderProbeTable } from './terminal.ts';
import { exampleProbeRecord, nullEnergy } from './testing.ts';

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => [...line].length));

describe('the example record of these tests', () => {
  it('obeys the schema, the exact null and the ceiling', () => {
    const record = exampleProbeRecord();
    expect(() => probeRecordSchema.parse(record)).not.toThrow();
    for (const layer of record.layers) {
      for (const { families } of layer.bases) {
        for (const { family, points } of families) {
          for (const point of points) {
            const exact = nullEnergy(family, point.rank, layer.inFeatures, layer.outFeatures);
            expect(point.null.coverage ** 2).toBeCloseTo(exact, 12);
            expect(point.coverage.mean).toBeLessThanOrEqual(point.ceiling ?? 1);
          }
        }
      }
    }
  });
});

describe('renderProbeTable', () => {
  it.each([60, 80, 100, 140])('fits %i columns, and looks like this', (columns) => {
    const text = renderProbeTable(exampleProbeRecord({ ranks: [4, 64] }), { columns });
    expect(widest(text)).toBeLessThanOrEqual(columns);
    expect(text).toMatchSnapshot();
  });

  it('fits 100 columns where nobody knows how many there are, for any choice of bases', () => {
    const large = exampleProbeRecord({ bases: BASES, blocks: 2, width: 1024, ranks: [1, 64, 1024] });
    large.model.name = 'a-name-'.repeat(30);
    large.data.path = '/a/long/path/'.repeat(20);
    large.layers[0]!.name = 'model.layers.0.block_sparse_moe.experts.0.up_proj.and.more';
    expect(widest(renderProbeTable(large))).toBeLessThanOrEqual(100);
    for (const columns of [1, 60, 80, 200])
      expect(widest(renderProbeTable(large, { columns }))).toBeLessThanOrEqual(
        Math.min(140, Math.max(60, columns)),
      );
  });

  it('fits 80 columns in a terminal that has no more, and says what it left out', () => {
    const text = renderProbeTable(exampleProbeRecord({ bases: BASES, width: 1024 }), { columns: 80 });
    expect(widest(text)).toBeLessThanOrEqual(80);
    for (const basis of BASES) expect(text).toMatch(new RegExp(`^${basis}  `, 'm'));
    expect(text.replace(/\s+/g, ' ')).toContain('A wider terminal shows more, such as energy%, signal.');
  });

  it('shows every basis and rank with the numbers of the record', () => {
    const record = exampleProbeRecord();
    const text = renderProbeTable(record);
    for (const { basis, families, natural } of record.global.bases) {
      const from = text.split(new RegExp(`^${basis}  `, 'm'))[1]!.split('\n');
      for (const [i, point] of families[0]!.points.entries()) {
        const cells = from[i + 1]!.trim().split(/ +/);
        expect(Number(cells[0])).toBe(point.rank);
        expect(Number(cells[2])).toBeCloseTo(point.coverage.mean, 3);
        const gain = Number(cells[5]!.replaceAll(',', ''));
        expect(Math.abs(gain / point.gain.mean - 1)).toBeLessThan(0.005);
        expect(Number(cells[7])).toBeCloseTo(point.ceiling!, 3);
        const heldOut = natural!.heldOut[point.rank - 1]!;
        expect(Math.abs(Number(cells[10]) / heldOut - 1)).toBeLessThan(0.01);
      }
    }
    expect(text).toContain('sotu-gpt2-4x256');
    expect(text).toContain('5.6723');
    expect(text.split('\n').length).toBeLessThan(90);
  });

  it('answers in words first: the best basis, its gain, the room above it, and what is decided', () => {
    const text = renderProbeTable(exampleProbeRecord()).replace(/\s+/g, ' ');
    expect(text).toContain(
      'At rank 64, core adapters on gradient frames reach 0.862 ±0.026 of the gradient’s norm',
    );
    expect(text).toContain('could reach more than 0.968');
    expect(text).toContain(
      'By coverage, gradient frames lead: ahead of svd by 0.300 [0.297, 0.303] on the same',
    );
    expect(text).toContain('ν, held out, who leads is undecided at this size');
    expect(text).not.toContain('regime');
  });

  it('names the layers where bases differ most, widest first', () => {
    const record = exampleProbeRecord();
    const spread = (name: string) => {
      const gains = record.layers
        .find((layer) => layer.name === name)!
        .bases.map((b) => b.families[0]!.points.find((p) => p.rank === 64)!.gain.mean);
      return Math.max(...gains) / Math.min(...gains);
    };
    const shown = [...renderProbeTable(record).matchAll(/^ (transformer\S+)/gm)].map((match) => match[1]!);
    const expected = record.layers.map((layer) => layer.name).sort((a, b) => spread(b) - spread(a));
    expect(shown).toEqual(expected.slice(0, 3));
  });

  it('is plain by default and coloured only when asked', () => {
    const record = exampleProbeRecord();
    const coloured = renderProbeTable(record, { color: true });
    expect(renderProbeTable(record)).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[1m');
    expect(stripVTControlCharacters(coloured)).toBe(renderProbeTable(record));
  });

  it('says what is missing: one batch, no ν, a run that was stopped', () => {
    const record = exampleProbeRecord({
      batches: 1,
      bases: ['svd'],
      ranks: [8],
      families: ['diagonal'],
      spectra: false,
    });
    for (const part of [record.global, ...record.layers]) {
      part.bases = part.bases.map((basis) => ({ ...basis, natural: null }));
    }
    const text = renderProbeTable({ ...record, status: 'partial' });
    expect(text).toMatch(/^partial: /m);
    expect(text).not.toMatch(/ν|undefined|NaN|Infinity/);
    expect(text).toMatch(/^ +8 .*–\s+–/m);
    expect(renderProbeTable({ ...record, global: { ...record.global, bases: [] }, layers: [] })).toContain(
      'Nothing was measured',
    );
  });

  it('names frames that a user brought, long names too, within 80 columns', () => {
    const long = `gradient@${'x'.repeat(31)}`;
    const text = renderProbeTable(exampleProbeRecord({ bases: ['svd', 'natural@kept', long], width: 1024 }), {
      columns: 80,
    });
    expect(text).toMatch(/^natural@kept {2}the frames natural of kept.safetensors/m);
    expect(text).toContain(long);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });
});
