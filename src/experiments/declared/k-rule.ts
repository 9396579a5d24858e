/** M10: is the K that the source advises for a budget of steps the best one? */
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { bestOf, lossBeyondBest } from '../readings/best-of.ts';
import { largestOf } from '../readings/observed-coverage.ts';
import {
  above,
  below,
  curve,
  perSeed,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
} from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { candidateRanks, ranksAfter, sourceRanks } from '../readings/source-ranks.ts';
import { coreArm, tunedLosses, tunedTrials } from '../tuning.ts';

/** Nats per token within which a K is good enough: 5 % of perplexity. */
const MARGIN = 0.05;

/** The source's five rows, each with the budget that it is tested at: the shortest first. */
const RULE: readonly {
  readonly budget: string;
  readonly advice: string;
  advised(results: Results): number;
}[] = [
  { budget: 'budget < 10 steps', advice: 'K = max', advised: (results) => widest(results) },
  {
    budget: '10–30 steps',
    advice: 'K = 64 if quality-first, K = 32 if params-first',
    advised: ({ scale }) => sourceRanks(scale).largest,
  },
  {
    budget: '30–60 steps',
    advice: 'K = 64 dominates',
    advised: ({ scale }) => sourceRanks(scale).largest,
  },
  { budget: '60+ steps', advice: 'K = 32 sufficient', advised: ({ scale }) => sourceRanks(scale).half },
  { budget: 'extreme budget', advice: 'K = 8', advised: ({ scale }) => sourceRanks(scale).eighth },
];

/** The budget that stands for a row; a smoke run has fewer budgets than the source has rows. */
const budgetOf = ({ scale: { budgets } }: Results, row: number): number =>
  budgets[Math.min(row, budgets.length - 1)]!;

const widest = (results: Results): number => candidateRanks(results).at(-1)!;

const lossesOf = (results: Results, rank: number, budget: number): SeedValues =>
  tunedLosses(results, coreArm('svd', rank), budget);

/** A claim that one K is ahead of its rivals, or not far behind, at the budget that stands for a row. */
interface RowClaim {
  readonly name: string;
  /** The source's row, which the claim quotes. */
  readonly row: number;
  /** The row whose budget it is tested at, if another. */
  readonly testedAt?: number;
  readonly statement: string;
  readonly quantity: string;
  /** Without a margin the claim is that the loss is lower. */
  readonly margin?: number;
  own(results: Results): number;
  /** Whether another K is a rival; without it all are. */
  rival?(rank: number, results: Results): boolean;
}

const halfOf = ({ scale }: Results): number => sourceRanks(scale).half;
const eighthOf = ({ scale }: Results): number => sourceRanks(scale).eighth;

const ofTheSweep = (rank: number, results: Results): boolean => rank < largestOf(results);

const ROW_CLAIMS: readonly RowClaim[] = [
  {
    name: 'below-10',
    row: 0,
    statement: 'With fewer than 10 steps the largest K is best.',
    quantity: 'loss(widest K) − loss(best other K), shortest budget, nats per token',
    own: widest,
  },
  {
    name: '10-30-quality-of-sweep',
    row: 1,
    statement: 'With 10 to 30 steps K = 64 has the lowest loss of the source’s sweep.',
    quantity: 'loss(largest K of the sweep) − loss(best smaller K), second budget, nats per token',
    own: largestOf,
    rival: ofTheSweep,
  },
  {
    name: '10-30-quality',
    row: 1,
    statement: 'With 10 to 30 steps K = 64 has the lowest loss of all K.',
    quantity: 'loss(largest K of the sweep) − loss(best other K), second budget, nats per token',
    own: largestOf,
  },
  {
    name: '10-30-parameters',
    row: 1,
    statement: 'With 10 to 30 steps K = 32 is nearly as good as K = 64, with a quarter of the parameters.',
    quantity: 'loss(half of the largest K) − loss(largest K), second budget, nats per token',
    margin: MARGIN,
    own: halfOf,
    rival: (rank, results) => rank === largestOf(results),
  },
  {
    name: '30-60-of-sweep',
    row: 2,
    statement: 'With 30 to 60 steps K = 64 dominates the source’s sweep.',
    quantity: 'loss(largest K of the sweep) − loss(best smaller K), third budget, nats per token',
    own: largestOf,
    rival: ofTheSweep,
  },
  {
    name: '30-60',
    row: 2,
    statement: 'With 30 to 60 steps K = 64 dominates all K.',
    quantity: 'loss(largest K of the sweep) − loss(best other K), third budget, nats per token',
    own: largestOf,
  },
  {
    name: '60-sufficient',
    row: 3,
    statement: 'With 60 steps and more K = 32 is sufficient: 100 steps.',
    quantity: 'loss(half of the largest K) − loss(best other K), last budget but one, nats per token',
    margin: MARGIN,
    own: halfOf,
  },
  {
    name: '60-sufficient-longest',
    row: 3,
    testedAt: 4,
    statement: 'With 60 steps and more K = 32 is sufficient: 400 steps.',
    quantity: 'loss(half of the largest K) − loss(best other K), longest budget, nats per token',
    margin: MARGIN,
    own: halfOf,
  },
  {
    name: 'extreme-sufficient',
    row: 4,
    statement: 'With an extreme number of steps K = 8 is sufficient.',
    quantity: 'loss(an eighth of the largest K) − loss(best other K), longest budget, nats per token',
    margin: MARGIN,
    own: eighthOf,
  },
];

function rowClaim({ name, row, testedAt = row, statement, quantity, margin, own, rival }: RowClaim): Claim {
  const contest = (results: Results) => {
    const budget = budgetOf(results, testedAt);
    const rank = own(results);
    const rivals = ranksAfter(results, budget).filter(
      (other) => other !== rank && (rival?.(other, results) ?? true),
    );
    return { budget, rank, rivals, losses: rivals.map((other) => lossesOf(results, other, budget)) };
  };
  return {
    id: `k-rule/${name}`,
    rows: ['M10'],
    statement,
    sourceFigure: `“${RULE[row]!.budget} → ${RULE[row]!.advice}”`,
    quantity,
    rule:
      margin === undefined
        ? below(0, 'confirmed if its loss is lower: the difference is below 0')
        : below(margin, `confirmed if it loses less than ${margin} nats per token, 5 % of perplexity`),
    measure: (results) => {
      const { budget, rank, losses } = contest(results);
      return sampleOf(lossBeyondBest(lossesOf(results, rank, budget), losses));
    },
    why: (results) => {
      const { budget, rank, rivals, losses } = contest(results);
      const best = bestOf(losses) ?? 0;
      return sayMeans([
        [`loss of K = ${rank} after ${budget} steps`, lossesOf(results, rank, budget)],
        [`of its best rival, K = ${rivals[best]},`, losses[best]],
      ]);
    },
  };
}

/** A K that an eighth of the largest trains as long as: its steps at the longest budget cost what these do. */
function equalCost(results: Results): { rank: number; steps: number } {
  const { budgets } = results.scale;
  const steps = budgets.at(-2)!;
  const wanted = (eighthOf(results) * budgets.at(-1)!) / steps;
  const nearest = candidateRanks(results).reduce((best, rank) =>
    Math.abs(rank - wanted) < Math.abs(best - wanted) ? rank : best,
  );
  return { rank: nearest, steps };
}

const efficient: Claim = {
  id: 'k-rule/extreme-efficient',
  rows: ['M10'],
  statement:
    'With an extreme number of steps K = 8 is budget-efficient: at equal param-steps it beats a larger K with fewer steps.',
  sourceFigure: '“K=8 (budget-efficient, threshold met with many steps)”',
  quantity:
    'loss(larger K, last budget but one) − loss(an eighth of the largest K, longest budget) at equal Σ K over the steps',
  rule: above(0, 'confirmed if K = 8 ends lower: the difference is above 0'),
  measure: (results) => {
    const { rank, steps } = equalCost(results);
    return sampleOf(
      perSeed(
        [lossesOf(results, rank, steps), lossesOf(results, eighthOf(results), results.scale.budgets.at(-1)!)],
        (larger, eighth) => larger - eighth,
      ),
    );
  },
  why: (results) => {
    const { rank, steps } = equalCost(results);
    const longest = results.scale.budgets.at(-1)!;
    return sayMeans([
      [`loss of K = ${rank} after ${steps} steps`, lossesOf(results, rank, steps)],
      [`of K = ${eighthOf(results)} after ${longest} steps`, lossesOf(results, eighthOf(results), longest)],
    ]);
  },
};

/** The K with the least mean loss at a budget; undefined while a trial is missing. */
function bestRank(results: Results, budget: number): number | undefined {
  const ranks = ranksAfter(results, budget);
  const at = bestOf(ranks.map((rank) => lossesOf(results, rank, budget)));
  return at === undefined ? undefined : ranks[at];
}

/** Loss of the advised K less that of the best, by the same seeds. */
function regret(results: Results, row: number): SeedValues {
  const budget = budgetOf(results, row);
  const best = bestRank(results, budget);
  if (best === undefined) return undefined;
  return perSeed(
    [lossesOf(results, RULE[row]!.advised(results), budget), lossesOf(results, best, budget)],
    (advised, least) => advised - least,
  );
}

function ruleTable(results: Results): ExperimentTable {
  return {
    title: 'The K selection rule and the measured best',
    caption:
      'Held-out loss in nats per token at the best learning rate of each K and budget. The gap is paired by seed; the ' +
      'best K is the one with the least mean loss, which favours it slightly. The claims let the other seeds choose it.',
    setting: results.setting.name,
    columns: ['budget', 'tested at steps', 'advised K', 'its loss', 'best K', 'best loss', 'gap'],
    rows: RULE.map((row, index) => {
      const budget = budgetOf(results, index);
      const best = bestRank(results, budget);
      return [
        row.budget,
        budget,
        row.advised(results),
        cell(lossesOf(results, row.advised(results), budget)),
        best ?? null,
        best === undefined ? null : cell(lossesOf(results, best, budget)),
        cell(regret(results, index)),
      ];
    }),
    source: {
      columns: ['budget', 'K selection rule'],
      rows: RULE.map(({ budget, advice }) => [budget, advice]),
    },
  };
}

function lossTable(results: Results): ExperimentTable {
  const { budgets } = results.scale;
  return {
    title: 'Tuned loss of every K at every budget',
    caption:
      'Held-out loss in nats per token at the best learning rate of each K and budget. After the longest only the K ' +
      'that claims name are trained, and the widest.',
    setting: results.setting.name,
    columns: ['K', ...budgets.map((budget) => `${budget} steps`)],
    rows: candidateRanks(results).map((rank) => [
      rank,
      ...budgets.map((budget) =>
        ranksAfter(results, budget).includes(rank) ? cell(lossesOf(results, rank, budget)) : null,
      ),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  return {
    title: 'Loss over K at every budget of steps',
    caption: 'Held-out loss at the best learning rate of each K and budget; 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: results.scale.budgets.map((budget) =>
      curve(
        `${budget} steps`,
        ranksAfter(results, budget).map((rank) => [rank, lossesOf(results, rank, budget)] as const),
      ),
    ),
  };
}

function notes(results: Results): string[] {
  const { budgets } = results.scale;
  const best = budgets.map((budget) => [budget, bestRank(results, budget)] as const);
  if (best.some(([, rank]) => rank === undefined)) return [];
  const gaps = RULE.map((_, row) => regret(results, row)!);
  const worst = Math.max(...gaps.map((values) => mean(values)));
  return [
    `Best K: ${best.map(([budget, rank]) => `${rank} after ${budget} steps`).join(', ')}, of ${candidateRanks(results).join(', ')} (after ${budgets.at(-1)} steps of ${ranksAfter(results, budgets.at(-1)!).join(', ')}).`,
    `Where the rule is furthest from the best K, following it costs ${say(worst)} nats per token.`,
    'The source trained no K above 64: where a wider one is best, its rule stops at the edge of what it tried.',
  ];
}

export const kRule: Experiment = {
  name: 'k-rule',
  title: 'The K selection rule',
  question: 'Is the K that the source advises for a number of steps the best one?',
  method:
    'CT-LoRA in the singular vectors of the weights at every K of the source’s sweep and beyond, learning rate tuned ' +
    'for each K and each budget of steps; a budget stands for each row of the rule. Losses are paired by seed, and ' +
    'the rival of a K is chosen by the other seeds. A row that can be read in two ways is two claims.',
  settings: ['random-start', 'pretrained'],
  trials: (results) =>
    results.scale.budgets.flatMap((budget) =>
      ranksAfter(results, budget).flatMap((rank) => tunedTrials(results, coreArm('svd', rank), budget)),
    ),
  claims: [...ROW_CLAIMS.map(rowClaim), efficient],
  tables: (results) => [ruleTable(results), lossTable(results)],
  figures: (results) => [figure(results)],
  notes,
};
