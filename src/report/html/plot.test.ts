import { describe, expect, it } from 'vitest';
import { exampleProbeRecord } from '../testing.ts';
import { coverageFigure } from './coverage-figure.ts';
import { element } from './markup.ts';
import { groupByKind, parseModuleName } from './module-name.ts';
import { gainStep } from './palette.ts';
import { linearScale, logScale, logSpacedIndices } from './scale.ts';

describe('scales', () => {
  it('place values and choose round ticks', () => {
    const linear = linearScale([0, 178], [300, 0], 6);
    expect(linear.ticks).toEqual([0, 50, 100, 150]);
    expect(linear.at(89)).toBeCloseTo(150, 12);
    const log = logScale([0.004, 1], [400, 0]);
    expect(log.ticks).toEqual([0.01, 0.03, 0.1, 0.3, 1]);
    expect(log.at(Math.sqrt(0.004))).toBeCloseTo(200, 10);
    expect(log.at(0)).toBe(400);
    expect(logScale([1e-6, 1], [1, 0]).ticks).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]);
  });

  it('have room around a single value', () => {
    expect(logScale([8, 8], [0, 100], [8]).at(8)).toBeCloseTo(50, 12);
    expect(linearScale([3, 3], [0, 100], 4).at(3)).toBeCloseTo(50, 12);
    const large = linearScale([2 ** 53 - 1, 2 ** 53 - 1], [0, 100], 4);
    expect(large.at(2 ** 53 - 1)).toBeCloseTo(50, 12);
    expect(large.ticks.length).toBeLessThanOrEqual(5);
    expect(linearScale([2 ** 53 - 2, 2 ** 53], [0, 100], 6).ticks.length).toBeLessThanOrEqual(7);
  });

  it('thin a curve evenly in its logarithm and keep both ends', () => {
    const picked = logSpacedIndices(576, 20);
    expect(picked[0]).toBe(0);
    expect(picked.at(-1)).toBe(575);
    expect(picked.length).toBeLessThanOrEqual(20);
    expect(logSpacedIndices(0, 20)).toEqual([]);
    expect(logSpacedIndices(1, 20)).toEqual([0]);
  });
});

describe('names of layers', () => {
  it('split into kind and position', () => {
    expect(parseModuleName('model.layers.3.self_attn.q_proj')).toEqual({
      kind: 'self_attn.q_proj',
      position: '3',
    });
    expect(parseModuleName('m.layers.3.mlp.experts.12.up')).toEqual({
      kind: 'mlp.experts.*.up',
      position: '3.12',
    });
    expect(parseModuleName('lm_head')).toEqual({ kind: 'lm_head', position: '' });
    const names = ['h.0.a', 'h.0.b', 'h.1.a'].map((name) => ({ name }));
    expect([...groupByKind(names)].map(([kind, group]) => [kind, group.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });
});

describe('the colours of gain', () => {
  it('are neutral around one', () => {
    expect([0.1, 0.79, 0.8, 1, 1.24, 1.25, 5000].map(gainStep)).toEqual([0, 1, 2, 2, 2, 3, 9]);
  });
});

describe('markup', () => {
  it('escapes whatever a record says', () => {
    expect(element('p', { title: '"<' }, '</p><script>').markup).toBe(
      '<p title="&quot;&lt;">&lt;/p&gt;&lt;script&gt;</p>',
    );
  });
});

describe('coverageFigure', () => {
  it('draws band, ceiling and bases', () => {
    const record = exampleProbeRecord({ blocks: 1, ranks: [4, 64], bases: ['svd'], families: ['core'] });
    // A short curve keeps the snapshot readable.
    record.global.bases[0]!.families[0]!.energyCurve = [];
    const { markup } = coverageFigure('figure', record, 'core', 360)!;
    expect(markup.replaceAll('><', '>\n<')).toMatchSnapshot();
  });

  it('is absent for a family that was not measured', () => {
    expect(coverageFigure('figure', exampleProbeRecord({ families: ['left'] }), 'core', 360)).toBeNull();
  });
});
