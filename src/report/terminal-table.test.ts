import { describe, expect, it } from 'vitest';
import { type Column, fitInParts, fitTable, makePaint } from './terminal-table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'name', words: 'cut-left', least: 5 },
  { head: 'rank' },
  { head: 'less', spare: 1 },
  { head: 'least', spare: 2 },
];
const ROWS = [
  ['model.layers.0.mlp', '1,234,567', '0.12 ±0.01', '11.0'],
  ['short', '1', '0.1', '2'],
];
const at = (width: number, color = false) =>
  fitTable(COLUMNS, ROWS, { paint: makePaint(color), gap: 1, width });

describe('a table within a width', () => {
  it('has all of it where there is room', () => {
    expect(at(46)).toMatchObject({ without: [], fits: true });
    expect(at(46).text.split('\n')[1]).toBe('model.layers.0.mlp 1,234,567 0.12 ±0.01  11.0');
  });

  it('cuts words first, then leaves columns out, and never cuts a number', () => {
    expect(at(40).text).toContain('…layers.0.mlp 1,234,567 0.12 ±0.01  11.0');
    expect(at(31)).toMatchObject({ without: ['least'], fits: true });
    expect(at(31).text).toContain('…ers.0.mlp 1,234,567 0.12 ±0.01');
    expect(at(16)).toMatchObject({ without: ['less', 'least'], fits: true });
    expect(at(16).text).toContain('…0.mlp 1,234,567');
    expect(at(10)).toMatchObject({ fits: false });
    for (let width = 1; width < 60; width++) {
      expect(at(width).text).toContain('1,234,567');
      if (!at(width).fits) continue;
      for (const line of at(width).text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it('counts no colours', () => {
    const rows = [['\u001b[32m✓ yes\u001b[39m', '1']];
    const columns: Column[] = [{ head: 'a', words: 'whole' }, { head: 'b' }];
    const { text } = fitTable(columns, rows, { paint: makePaint(true), gap: 1, width: 7 });
    expect(text).toContain('\u001b[32m✓ yes\u001b[39m');
  });
});

it('is divided into as few parts as fit, and into single ones where none does', () => {
  const make = (width: number) => (part: readonly string[]) =>
    fitTable(
      part.map((head) => ({ head })),
      [part.map(() => '12345')],
      { paint: makePaint(false), gap: 1, width },
    );
  const parts = (width: number) => fitInParts(['a', 'b', 'c', 'd'], make(width)).length;
  expect([23, 22, 17, 11, 5, 1].map(parts)).toEqual([1, 2, 2, 2, 4, 4]);
});
