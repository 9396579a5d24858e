/** From ν of every layer and basis to a plan. */
import { UserError } from '../errors/index.ts';
import type { LinearLayer } from '../models/index.ts';
import type { AdviceRecord } from '../record/index.ts';
import { isDrawn } from '../record/index.ts';
import { allocate } from './allocate.ts';
import { type AdvisedFamily, FAMILY_PARAMETERS, largestRank } from './budget.ts';
import {
  behind,
  type Candidate,
  heldOut,
  type LayerCurves,
  overPasses,
  passesOf,
  winner,
  withSignal,
} from './candidates.ts';
import { promise } from './loss-law.ts';

type Choice = Pick<
  AdviceRecord,
  'natural' | 'verdict' | 'runnersUp' | 'next' | 'allocation' | 'stability'
> & {
  readonly plan: Candidate;
  /** Names of the layers that the plan is on. */
  readonly kept: readonly string[];
  readonly notes: readonly string[];
};

/** How many runners-up are named. */
const NAMED = 2;

/**
 * One rank on every layer that has signal, in the frames of the most promise by the law of parameters and held-out ν; a
 * LoRA starts in those of the most ν at its rank.
 * Ranks that differ from layer to layer are worked out and told, not advised: allocated by held-out ν or by gradients,
 * it is not shown that they beat one rank for all.
 *
 * @param natural ν by basis and layer, up to the rank of twice the budget.
 * @throws UserError `no-signal`
 */
export function choose(
  natural: ReadonlyMap<string, LayerCurves>,
  layers: readonly LinearLayer[],
  budget: number,
  family: AdvisedFamily = 'core',
): Choice {
  const count = FAMILY_PARAMETERS[family];
  const rank = largestRank(layers, count, budget);
  const bases = [...natural.keys()];
  const signal = withSignal(natural.values(), rank);
  const kept = layers.filter(({ name }) => signal.has(name));
  if (kept.length === 0) throw noSignal();
  const candidates = (parameters: number): Candidate[] => {
    // Frames are as wide as all layers together would want them.
    const columns = Math.max(...kept.map(({ name }) => natural.get(bases[0]!)!.get(name)!.heldOut.length));
    const fitting = Math.min(columns, largestRank(kept, count, parameters));
    return bases.map((basis) => ({
      basis,
      curves: new Map(kept.map(({ name }) => [name, natural.get(basis)!.get(name)!])),
      rank: fitting,
      parameters: count(kept, fitting),
    }));
  };
  const all = candidates(budget);
  const random = all.find(({ basis }) => isDrawn(basis));
  const most = winner(all);
  const beatsRandom = random === undefined || (random !== most && behind(most, random).low > 0);
  // LoRA's own start is as good then, and costs nothing to make.
  const best = family === 'factors' && !beatsRandom ? random : most;
  const sum = overPasses(passesOf(best), (without) => heldOut(best, without));
  if (sum.low <= 0) throw noSignal();
  const others = all.filter((one) => one !== best);
  const runnersUp = others
    .map((one) => ({ ...asPlan(one, family), behind: behind(best, one) }))
    .toSorted((a, b) => a.behind.mean - b.behind.mean);
  const tied = runnersUp.length > 0 && runnersUp[0]!.behind.low <= 0;
  const passes = passesOf(best);
  const winners = Array.from({ length: passes }, (_, pass) => winner(all, pass).basis);
  return {
    plan: best,
    kept: kept.map(({ name }) => name),
    natural: sum,
    verdict: beatsRandom ? (tied ? 'tied' : 'clear') : 'random',
    runnersUp: runnersUp.slice(0, NAMED),
    ...(family === 'core' ? ofCores(best, candidates(2 * budget), budget) : { next: null, allocation: null }),
    stability: { replicates: passes, same: winners.filter((basis) => basis === best.basis).length },
    notes:
      kept.length < layers.length
        ? [
            `${layers.length - kept.length} of ${layers.length} layers are left out: their ν is below 1 % of the strongest layer’s and not told from 0.`,
          ]
        : [],
  };
}

/** What the law says of other parameters and ranks; it knows cores only. */
function ofCores(
  best: Candidate,
  larger: readonly Candidate[],
  budget: number,
): Pick<Choice, 'next' | 'allocation'> {
  const next = larger.find(({ basis }) => basis === best.basis)!;
  const { ranks, parameters, natural, gap } = allocate(best.curves, budget);
  const all = [...ranks.values()];
  return {
    next: next.parameters > best.parameters ? { ...asPlan(next, 'core'), gain: behind(next, best) } : null,
    allocation: {
      parameters,
      layers: all.filter((rank) => rank > 0).length,
      lowest: Math.min(...all),
      highest: Math.max(...all),
      gain: promise(Math.max(1, parameters), natural) - promise(best.parameters, heldOut(best)),
      gap,
    },
  };
}

const asPlan = ({ basis, rank, parameters }: Candidate, family: AdvisedFamily) => ({
  family,
  basis,
  rank,
  parameters,
});

const noSignal = (): UserError =>
  new UserError('no-signal', {
    what: 'the gradients of this text are noise: two halves of it agree on no direction, in any frames',
    got: 'held-out ν that is not above 0',
    expected: 'a text that one part of can teach something of the rest',
    fix: 'give more text, or another; more batches for calibration look at more of it',
  });
