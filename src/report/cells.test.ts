import { describe, expect, it } from 'vitest';
import type { ExperimentTable } from '../record/index.ts';
import { formatEstimate, textGrids } from './cells.ts';

const table = (parts: Partial<ExperimentTable>): ExperimentTable => ({
  title: 't',
  caption: '',
  setting: null,
  columns: ['K', 'x'],
  rows: [],
  source: null,
  ...parts,
});
const texts = (parts: Partial<ExperimentTable>) =>
  textGrids(table(parts)).grid.rows.map((row) => row.map(({ text }) => text));

describe('formatEstimate', () => {
  it('shows as many digits as the interval supports', () => {
    expect(formatEstimate({ mean: -0.99634, low: -0.9971, high: -0.9949 })).toBe(
      '−0.9963 [−0.9971, −0.9949]',
    );
    expect(formatEstimate({ mean: 7.24, low: 5.1, high: 9.4 })).toBe('7.2 [5.1, 9.4]');
    expect(formatEstimate({ mean: 65_536, low: 60_000, high: 70_000 })).toBe('65,536 [60,000, 70,000]');
    expect(formatEstimate({ mean: 3e-6, low: -1e-6, high: 7e-6 })).toBe('3.0e-6 [−1.0e-6, 7.0e-6]');
  });

  it('shows no interval where there is no spread, and no minus before zero', () => {
    expect(formatEstimate({ mean: 12, low: 12, high: 12 })).toBe('12.0');
    expect(formatEstimate({ mean: -0.0004, low: -0.02, high: 0.02 })).toBe('0.000 [−0.020, 0.020]');
  });
});

describe('textGrids', () => {
  it('gives a column one number of decimals, unless its numbers differ too much in size', () => {
    expect(
      texts({
        rows: [
          [2, 7.75938],
          [64, 6.1],
        ],
      }),
    ).toEqual([
      ['2', '7.759'],
      ['64', '6.100'],
    ]);
    expect(
      texts({
        rows: [
          [2, 0.000034],
          [64, 12.5],
        ],
      }),
    ).toEqual([
      ['2', '3.4e-5'],
      ['64', '12.5'],
    ]);
    expect(
      texts({
        rows: [
          ['a', null],
          ['b', 'never'],
        ],
      }),
    ).toEqual([
      ['a', '–'],
      ['b', 'never'],
    ]);
  });

  it('shows no digits that the intervals do not support', () => {
    const rows = [-0.604, -0.812].map((mean, i) => [i, { mean, low: mean - 0.1, high: mean + 0.1 }]);
    expect(textGrids(table({ rows })).grid.rows[0]![1]).toEqual({
      text: '−0.60',
      interval: '[−0.70, −0.50]',
    });
  });

  it('sets the source’s figures beside the rows of the same name, as it wrote them', () => {
    const source = {
      columns: ['K', 'theirs'],
      rows: [
        [4, 0.04],
        [2, '1.10×'],
      ],
    };
    const { grid, source: apart } = textGrids(
      table({
        rows: [
          [2, 0.5],
          [4, 0.25],
          [8, 0.125],
        ],
        source,
      }),
    );
    expect(apart).toBeNull();
    expect(grid.columns).toEqual(['K', 'x', 'theirs']);
    expect(grid.sourceFrom).toBe(2);
    expect(grid.rows.map((row) => row[2]!.text)).toEqual(['1.10×', '0.04', '–']);
  });

  it('keeps them apart where rows have other names', () => {
    const source = { columns: ['K', 'theirs'], rows: [[3, 0.04]] };
    const { grid, source: apart } = textGrids(table({ rows: [[2, 0.5]], source }));
    expect(grid.columns).toEqual(['K', 'x']);
    expect(apart!.rows[0]!.map(({ text }) => text)).toEqual(['3', '0.04']);
  });
});
