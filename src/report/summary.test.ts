import { describe, expect, it } from 'vitest';
import type { Comparison, Estimate, ProbeRecord } from '../record/index.ts';
import { summarize } from './summary.ts';
import { exampleProbeRecord } from './testing.ts';

const RANK = 64;

/** The example with one comparison of coverage at the rank that is spoken of. */
function withDifference(difference: Estimate, batchesNeeded: number | null): ProbeRecord {
  const record = exampleProbeRecord();
  const comparison: Comparison = {
    measure: 'coverage',
    family: 'core',
    rank: RANK,
    leader: 'gradient',
    differences: [
      { basis: 'natural', difference: { mean: 0.5, low: 0.4, high: 0.6 } },
      { basis: 'svd', difference },
    ],
    batchesNeeded,
  };
  return { ...record, global: { ...record.global, comparisons: [comparison] } };
}

describe('the summary of a probe', () => {
  it('names a winner where every paired interval lies above zero', () => {
    const text = summarize(withDifference({ mean: 0.02, low: 0.01, high: 0.03 }, 8));
    expect(text).toContain(
      'gradient frames lead: ahead of svd by 0.0200 [0.0100, 0.0300] on the same batches.',
    );
    expect(text).not.toContain('undecided');
  });

  it('says what would tell where one does not', () => {
    const open = { mean: 0.02, low: -0.01, high: 0.05 };
    expect(summarize(withDifference(open, 37))).toMatch(
      /undecided at this size: .* about 37 batches would tell\./,
    );
    expect(summarize(withDifference(open, null))).toContain('more than 10,000 batches would be needed');
    expect(summarize(withDifference(open, 37))).not.toMatch(/frames lead/);
    const few = withDifference(open, 37);
    expect(summarize({ ...few, measured: { ...few.measured, batches: 4 } })).toContain(
      'about 37 batches would tell, a rough guess from 4.',
    );
  });

  it('names none where the batches are all alike, and differences have no spread', () => {
    const text = summarize(withDifference({ mean: 0.02, low: 0.02, high: 0.02 }, 2));
    expect(text).toContain(
      'who leads cannot be told: gradient frames are ahead of svd by 0.0200 on every batch alike.',
    );
    expect(text).not.toMatch(/frames lead/);
  });

  it('says less of a record without comparisons', () => {
    const { comparisons: _, ...global } = exampleProbeRecord().global;
    const text = summarize({ ...exampleProbeRecord(), global });
    expect(text).toMatch(/^At rank 64, core adapters on gradient frames reach [^.]*0\.862/);
    expect(text).not.toMatch(/lead|undecided/);
  });

  it('tells a gain from random frames only by an interval', () => {
    const record = exampleProbeRecord({ bases: ['random'] });
    const point = record.global.bases[0]!.families[0]!.points.find(({ rank }) => rank === RANK)!;
    const told = (coverage: Estimate) => {
      point.coverage = coverage;
      return summarize(record);
    };
    const { low, high, coverage: mean } = point.null;
    expect(told({ mean, low: low - 0.1, high: high + 0.1 })).toContain(
      'no more than random frames may reach',
    );
    expect(told({ mean, low: high + 0.01, high: high + 0.1 })).toMatch(
      /times the energy that random frames reach[;.]/,
    );
    expect(told({ mean, low: 0, high: low - 0.01 })).toContain('which is less');
    expect(told({ mean, low: mean, high: mean })).toContain('(batches without a difference, no interval)');
    record.measured.batches = 1;
    expect(told({ mean, low: mean, high: mean })).toContain('(one batch, no interval)');
  });

  it('says that there is nothing to reach where no layer has a gradient', () => {
    const record = exampleProbeRecord();
    const layers = record.layers.map((layer) => ({ ...layer, gradientNorm: { mean: 0, low: 0, high: 0 } }));
    expect(summarize({ ...record, layers })).toMatch(/No measured layer has any gradient/);
  });
});
