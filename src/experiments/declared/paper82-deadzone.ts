/** M14: at budget parity, is K = 16 worse than its neighbours? */
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import {
  parityCurves,
  parityLosses,
  paritySteps,
  parityTrials,
  sayParity,
} from '../readings/parity-steps.ts';
import { above, perSeed, type SeedValues, sampleOf } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { type SourceRanks, sourceRanks } from '../readings/source-ranks.ts';
import { STEP_BUDGETS, type StepBudget } from '../readings/step-budgets.ts';
import { bestLearningRate, coreArm } from '../tuning.ts';

/** Loss of one of the source's ranks under a budget; undefined also if the budget leaves that rank out. */
function lossesAt(results: Results, rank: keyof SourceRanks, { cost }: StepBudget): SeedValues {
  const arm = paritySteps(results.scale, cost).find((one) => one.rank === sourceRanks(results.scale)[rank]);
  return arm && parityLosses(results, arm);
}

function claims(budget: StepBudget): Claim[] {
  const common = {
    rows: ['M14'],
    sourceFigure: 'confirmed there (K = 16 a dead zone at budget parity)',
    why: (results: Results) => sayParity(results, budget),
  };
  const at = (results: Results, rank: keyof SourceRanks) => lossesAt(results, rank, budget);
  return [
    {
      ...common,
      id: `paper82-deadzone/both-neighbours${budget.suffix}`,
      statement: `At equal ${budget.words}, K = 16 is worse than K = 8 and than K = 32: a dead zone between them.`,
      quantity: 'loss(a quarter of the largest K) − the higher of loss(an eighth) and loss(half)',
      rule: above(0, 'confirmed if the loss is higher than at both neighbouring ranks'),
      measure: (results) =>
        sampleOf(
          perSeed(
            [at(results, 'quarter'), at(results, 'eighth'), at(results, 'half')],
            (quarter, eighth, half) => quarter - Math.max(eighth, half),
          ),
        ),
    },
    {
      ...common,
      id: `paper82-deadzone/below-half${budget.suffix}`,
      statement: `At equal ${budget.words}, K = 16 is worse than K = 32.`,
      quantity: 'loss(a quarter of the largest K) − loss(half)',
      rule: above(0, 'confirmed if the loss is higher than at twice the rank with fewer steps'),
      measure: (results) =>
        sampleOf(perSeed([at(results, 'quarter'), at(results, 'half')], (quarter, half) => quarter - half)),
    },
  ];
}

function table(results: Results, { words, cost }: StepBudget): ExperimentTable {
  return {
    title: `Budget parity: ${words}`,
    caption: `Held-out loss of each K at the same ${words}, learning rate tuned for each K and its steps.`,
    setting: results.setting.name,
    columns: ['K', 'steps', words, 'learning rate', 'loss'],
    rows: paritySteps(results.scale, cost).map((arm) => [
      arm.rank,
      arm.steps,
      cost(arm.rank) * arm.steps,
      bestLearningRate(results, coreArm('svd', arm.rank), arm.steps) ?? null,
      cell(parityLosses(results, arm)),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  return {
    title: 'Loss at budget parity',
    caption:
      'Held-out loss of each K, with steps in inverse proportion to its cost; 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: parityCurves(results),
  };
}

function notes(results: Results): string[] {
  return STEP_BUDGETS.map(({ words, cost }) => {
    const arms = paritySteps(results.scale, cost);
    const said = arms.map(({ rank, steps }) => `K = ${rank} for ${steps}`).join(', ');
    return `Steps at equal ${words}: ${said}.`;
  });
}

export const paper82Deadzone: Experiment = {
  name: 'paper82-deadzone',
  title: 'The K = 16 dead zone at budget parity (Paper 82)',
  question: 'With as many param-steps, is a quarter of the largest K worse than both its neighbours?',
  method:
    'CT-LoRA in the singular vectors of the weights. Each K trains for as many steps as one budget allows it, with ' +
    'the learning rate tuned for that K and that number of steps. The budget is counted as the source does, K for ' +
    'every step, and in trained parameters, K² for every step.',
  settings: ['random-start', 'pretrained'],
  trials: parityTrials,
  claims: STEP_BUDGETS.flatMap(claims),
  tables: (results) => STEP_BUDGETS.map((budget) => table(results, budget)),
  figures: (results) => [figure(results)],
  notes,
};
