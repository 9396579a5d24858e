import { describe, expect, it } from 'vitest';
import { renderProbeMarkdown } from './markdown.ts';
import { exampleProbeRecord } from './testing.ts';

describe('renderProbeMarkdown', () => {
  it('has one row per rank with null, bases and ceiling', () => {
    const text = renderProbeMarkdown(exampleProbeRecord({ ranks: [16, 64], bases: ['svd', 'gradient'] }));
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toEqual([
      '| rank | parameters | null | svd | gradient | ceiling |',
      '| ---: | ---: | ---: | ---: | ---: | ---: |',
      expect.stringMatching(
        /^\| 16 \| 4,096 \| 0\.0411 \| 0\.09\d\d \(5\.\d\d×\) \| 0\.7\d\d \(3\d\d×\) \| 0\.899 \|$/,
      ),
      expect.stringMatching(
        /^\| 64 \| 65,536 \| 0\.164 \| 0\.2\d\d \(2\.\d\d×\) \| 0\.8\d\d \(2\d\.\d×\) \| 0\.968 \|$/,
      ),
      '| rank | svd | gradient |',
      '| ---: | ---: | ---: |',
      expect.stringMatching(/^\| 16 \| [\d.]+ ±[\d.]+ \([\d.]+\) \| [\d.]+ ±[\d.]+ \([\d.]+\) \|$/),
      expect.stringMatching(/^\| 64 \| [\d.]+ ±[\d.]+ \([\d.]+\) \| [\d.]+ ±[\d.]+ \([\d.]+\) \|$/),
      '| module | layers | energy % | svd | gradient |',
      '| :--- | ---: | ---: | ---: | ---: |',
      ...['c_attn', 'attn.c_proj', 'c_fc', 'mlp.c_proj'].map((name) =>
        expect.stringMatching(
          new RegExp(
            `^\\| \`${name}\` \\| 4 \\| [\\d.]+( \\| 0\\.\\d+ \\([\\d.]+×\\), [\\d.]+ ±[\\d.]+){2} \\|$`,
          ),
        ),
      ),
    ]);
    expect(text).toContain('loss 5.6723, float32, seed 7');
  });

  it('tells parameters of two factors from dimensions, which older records have in their place', () => {
    const record = exampleProbeRecord({ ranks: [4], bases: ['svd'], families: ['factors'] });
    const [point] = record.global.bases[0]!.families[0]!.points;
    const { parameters, dimension } = point!;
    expect(dimension).toBeLessThan(parameters);
    expect(renderProbeMarkdown(record)).toContain(`| 4 | ${parameters.toLocaleString('en')} |`);
    const older = structuredClone(record);
    const [then] = older.global.bases[0]!.families[0]!.points;
    Object.assign(then!, { parameters: dimension, dimension: undefined });
    expect(renderProbeMarkdown(older)).toContain(`| 4 | ${dimension!.toLocaleString('en')} dim. |`);
  });

  it('keeps names from being read as markup, and marks a partial run', () => {
    const record = exampleProbeRecord({ blocks: 1, ranks: [4] });
    record.model.name = 'a|b_c';
    const text = renderProbeMarkdown({ ...record, status: 'partial' });
    expect(text).toContain('a\\|b\\_c');
    expect(text).toContain('stopped early (partial)');
  });
});
