/** M8: is a fixed budget worth the same at every K, by the arithmetic of coverage and by the loss? */
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import {
  parityCurves,
  parityLosses,
  paritySteps,
  parityTrials,
  sayParity,
} from '../readings/parity-steps.ts';
import { between, perSeed, type SeedValues, sampleOf, say, sayMeans } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { startCoverage, startCoverageTrials } from '../readings/start-coverage.ts';
import { STEP_BUDGETS, type StepBudget } from '../readings/step-budgets.ts';
import { SOURCE_RANKS, SOURCE_START_COVERAGE } from './source-tables.ts';

/** Nats per token within which two losses count as equal: the source tells losses apart that differ by 0.1 and more. */
const MARGIN = 0.05;

/** coverage(K) · B / K, for B = 1: coverage per dimension. */
const perDimension = (results: Results, rank: number): SeedValues =>
  startCoverage(results, rank)?.map((coverage) => coverage / rank);

function totalRatio(results: Results): SeedValues {
  const { largest, eighth } = sourceRanks(results.scale);
  return perSeed(
    [perDimension(results, largest), perDimension(results, eighth)],
    (large, small) => large / small,
  );
}

/** Loss of the smallest rank of a budget, with the most steps, less that of the largest. */
function lossGap(results: Results, { cost }: StepBudget): SeedValues {
  const arms = paritySteps(results.scale, cost);
  const [first, last] = [arms[0], arms.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  return perSeed(
    [parityLosses(results, first), parityLosses(results, last)],
    (small, large) => small - large,
  );
}

const lossClaims: Claim[] = STEP_BUDGETS.map((budget) => ({
  id: `budget-parity/equal-loss${budget.suffix}`,
  rows: ['M8'],
  statement: `An equal budget, counted as ${budget.words}, buys the same loss at every K, since total coverage is constant.`,
  sourceFigure: 'total coverage 0.00205 · B, whatever K',
  quantity: `loss(smallest K, most steps) − loss(largest K, fewest steps), at equal ${budget.words}`,
  rule: between(-MARGIN, MARGIN, `confirmed if the two losses are within ${MARGIN} nats per token`),
  measure: (results) => sampleOf(lossGap(results, budget)),
  why: (results) => sayParity(results, budget),
}));

const arithmetic: Claim = {
  id: 'budget-parity/total-coverage',
  rows: ['M8'],
  statement: 'At a fixed budget B of param-steps, total coverage, coverage(K) · B/K, is the same at every K.',
  sourceFigure: '0.00205 · B',
  quantity: 'coverage(K) · B/K at the largest K / at an eighth of it, first step',
  rule: between(
    0.8,
    1.25,
    'confirmed if the ratio is between 0.8 and 1.25; it is 1 wherever coverage is proportional to K, which is arithmetic',
  ),
  measure: (results) => sampleOf(totalRatio(results)),
  why: (results) => {
    const { largest, eighth } = sourceRanks(results.scale);
    return sayMeans([
      [`coverage per dimension at K = ${eighth}`, perDimension(results, eighth)],
      [`at K = ${largest}`, perDimension(results, largest)],
    ]);
  },
};

function arithmeticTable(results: Results): ExperimentTable {
  return {
    title: 'Total coverage of a budget',
    caption: 'coverage(K) · B/K for a budget B of one param-step: coverage per dimension, at the first step.',
    setting: results.setting.name,
    columns: ['K', 'coverage', 'coverage · B/K'],
    rows: results.scale.ranks.map((rank) => [
      rank,
      cell(startCoverage(results, rank)),
      cell(perDimension(results, rank)),
    ]),
    source: {
      columns: ['K', 'coverage', 'coverage · B/K'],
      rows: SOURCE_RANKS.map((rank, row) => [
        rank,
        SOURCE_START_COVERAGE[row]!,
        SOURCE_START_COVERAGE[row]! / rank,
      ]),
    },
  };
}

function lossTable(results: Results, { words, cost }: StepBudget): ExperimentTable {
  return {
    title: `Loss at equal ${words}`,
    caption:
      'Held-out loss, learning rate tuned for each K and its steps. Total coverage is coverage × steps.',
    setting: results.setting.name,
    columns: ['K', 'steps', words, 'total coverage', 'loss'],
    rows: paritySteps(results.scale, cost).map((arm) => [
      arm.rank,
      arm.steps,
      cost(arm.rank) * arm.steps,
      cell(startCoverage(results, arm.rank)?.map((coverage) => coverage * arm.steps)),
      cell(parityLosses(results, arm)),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  return {
    title: 'Loss at equal budgets',
    caption: 'If a budget bought the same at every K the lines would be level. 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: parityCurves(results),
  };
}

function notes(results: Results): string[] {
  return [
    'coverage(K) · B/K is constant if and only if coverage is proportional to K: the statement repeats the linear law and adds nothing to it.',
    ...STEP_BUDGETS.flatMap(({ words, cost }) => {
      const arms = paritySteps(results.scale, cost);
      const [first, last] = [arms[0], arms.at(-1)];
      if (first === undefined || last === undefined || first === last) return [];
      const coverage = perSeed(
        [startCoverage(results, last.rank), startCoverage(results, first.rank)],
        (large, small) => (large * last.steps) / (small * first.steps),
      );
      return coverage === undefined
        ? []
        : [
            `At equal ${words}, K = ${last.rank} for ${last.steps} steps has ${say(mean(coverage))} times the total coverage of K = ${first.rank} for ${first.steps}.`,
          ];
    }),
  ];
}

export const budgetParity: Experiment = {
  name: 'budget-parity',
  title: 'Budget parity',
  question: 'Does a fixed budget buy the same total coverage, and the same loss, at every K?',
  method:
    'Coverage at the first step for the arithmetic. For the loss, every K trains for as many steps as the budget ' +
    'allows it, learning rate tuned for each; a step costs K as the source counts, or the K² parameters that a core trains.',
  settings: ['random-start', 'pretrained'],
  trials: (results) => [...startCoverageTrials(results), ...parityTrials(results)],
  claims: [arithmetic, ...lossClaims],
  tables: (results) => [
    arithmeticTable(results),
    ...STEP_BUDGETS.map((budget) => lossTable(results, budget)),
  ],
  figures: (results) => [figure(results)],
  notes,
};
