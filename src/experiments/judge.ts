/** Verdicts: what samples say of rules, all claims of a setting together. */
import {
  holm,
  type Interval,
  intervalAround,
  mean,
  standardDeviation,
  studentTail,
} from '../numeric/index.ts';
import type { ClaimResult } from '../record/index.ts';
import type { Rule, Sample } from './rule.ts';

/** Chance of any wrong verdict in a setting. */
export const LEVEL = 0.05;

/** A claim's rule with what was measured; null while trials are missing. */
export interface Case {
  readonly rule: Rule;
  readonly sample: Sample | null;
}

/** The part of a claim's result that follows from rule and sample. */
export interface Judgement extends Pick<ClaimResult, 'estimate' | 'replicates' | 'p' | 'pHolm' | 'verdict'> {
  /** Why no verdict could be reached, where that is not for noise; null otherwise. */
  readonly remark: string | null;
}

/**
 * Judges all claims of a setting. A claim is confirmed if the quantity lies in its region beyond chance, refuted if it
 * lies outside, by the side with the smaller p, where Holm's correction over all claims leaves p at `level` or
 * below; otherwise it is inconclusive. Without the correction, a verdict at 0.05 is one that the 95 % interval
 * shows: all of it in the region, or all of it beyond one bound.
 */
export function judge(cases: readonly Case[], level = LEVEL): Judgement[] {
  const findings = cases.map(findingOf);
  const tested = findings.flatMap(({ test }, index) => (test === null ? [] : [{ index, p: test.p }]));
  const adjusted = new Map<number, number>();
  holm(tested.map(({ p }) => p)).forEach((p, place) => {
    adjusted.set(tested[place]!.index, p);
  });
  return findings.map(({ estimate, replicates, test, remark }, index) => {
    const pHolm = adjusted.get(index) ?? null;
    const decided = test !== null && pHolm !== null && pHolm <= level;
    return {
      estimate,
      replicates,
      p: test?.p ?? null,
      pHolm,
      verdict: decided ? test.side : 'inconclusive',
      remark,
    };
  });
}

interface Test {
  /** Two-sided: twice the one-sided p, so that it says the same as the 95 % interval. */
  readonly p: number;
  readonly side: 'confirmed' | 'refuted';
}

interface Finding {
  readonly estimate: Interval | null;
  readonly replicates: number;
  readonly test: Test | null;
  readonly remark: string | null;
}

function findingOf({ rule, sample }: Case): Finding {
  if (sample === null) return untested(null, 0, 'Trials are missing.');
  const { centre, standardError, replicates } = momentsOf(sample);
  if (!Number.isFinite(centre)) {
    return untested(null, replicates, 'A value that was measured is not a finite number.');
  }
  if (standardError === null) {
    return untested({ mean: centre, low: centre, high: centre }, 1, 'One seed says nothing of its spread.');
  }
  return {
    estimate:
      standardError === 0
        ? { mean: centre, low: centre, high: centre }
        : intervalAround(centre, standardError, replicates - 1),
    replicates,
    test: testOf(rule, centre, standardError, replicates),
    remark: null,
  };
}

const untested = (estimate: Interval | null, replicates: number, remark: string): Finding => ({
  estimate,
  replicates,
  test: null,
  remark,
});

/**
 * Centre and standard error; the latter null where a single replicate leaves it unknown. An estimate that comes
 * with a standard error of 0 is exact by construction, however many replicates there were.
 */
function momentsOf(sample: Sample): { centre: number; standardError: number | null; replicates: number } {
  if ('values' in sample) {
    const { values } = sample;
    const replicates = values.length;
    if (replicates === 0) return { centre: Number.NaN, standardError: null, replicates };
    const constant = values.every((value) => value === values[0]);
    const spread = () => (constant ? 0 : standardDeviation(values) / Math.sqrt(replicates));
    return {
      centre: constant ? values[0]! : mean(values),
      standardError: replicates === 1 ? null : spread(),
      replicates,
    };
  }
  const { estimate, standardError, replicates } = sample;
  const known = standardError === 0 || replicates > 1;
  return {
    centre: Number.isFinite(standardError) ? estimate : Number.NaN,
    standardError: known ? standardError : null,
    replicates,
  };
}

/**
 * Both one-sided tests of equivalence for "inside" (the larger p counts: each bound must be beyond chance), and
 * the better of the two bounds for "outside".
 */
function testOf({ low, high }: Rule, centre: number, standardError: number, replicates: number): Test {
  if (standardError === 0) {
    const inside = (low === null || centre > low) && (high === null || centre < high);
    return { p: 0, side: inside ? 'confirmed' : 'refuted' };
  }
  /** Chance of an estimate at least so far beyond a bound if the quantity lay on that bound. */
  const tail = (distance: number) => studentTail(distance / standardError, replicates - 1);
  const inside = Math.max(low === null ? 0 : tail(centre - low), high === null ? 0 : tail(high - centre));
  const outside = Math.min(low === null ? 1 : tail(low - centre), high === null ? 1 : tail(centre - high));
  const side = inside <= outside ? 'confirmed' : 'refuted';
  return { p: Math.min(1, 2 * Math.min(inside, outside)), side };
}
