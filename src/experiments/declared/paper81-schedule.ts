/** M13: is a fixed K better than one that changes during the run? */

import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { equalSchedules, scheduleCost } from '../readings/equal-schedules.ts';
import { above, curve, say, sayMeans } from '../readings/seed-values.ts';
import { cell, difference } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { STEP_BUDGETS, type StepBudget } from '../readings/step-budgets.ts';
import { type Arm, bestLearningRate, coreArm, tunedLosses, tunedRuns, tunedTrials } from '../tuning.ts';

type Direction = 'growing' | 'shrinking';

const DIRECTIONS: readonly Direction[] = ['growing', 'shrinking'];

const fixedArm = ({ scale }: Results): Arm => coreArm('svd', sourceRanks(scale).half);

function scheduledArm({ scale }: Results, direction: Direction, { cost }: StepBudget): Arm {
  const ranks = sourceRanks(scale);
  const rankSchedule = equalSchedules(ranks, scale.shortSteps, cost)[direction];
  return { ...coreArm('svd', ranks.largest), rankSchedule };
}

const lossesOf = (results: Results, arm: Arm) => tunedLosses(results, arm, results.scale.shortSteps);

/** Every arm with its schedule in words: `16 × 26, 32 × 1, 64 × 13`. */
function arms(results: Results): { name: string; arm: Arm; schedule: string; costs: number[] }[] {
  const { shortSteps } = results.scale;
  const describe = (name: string, arm: Arm) => {
    const schedule = arm.rankSchedule ?? [[1, arm.rank] as const];
    const phases = schedule.map(([first, rank], phase) => {
      const next = schedule[phase + 1]?.[0] ?? shortSteps + 1;
      return `${rank} × ${next - first}`;
    });
    const costs = STEP_BUDGETS.map(({ cost }) => scheduleCost(schedule, shortSteps, cost));
    return { name, arm, schedule: phases.join(', '), costs };
  };
  return [
    describe('fixed', fixedArm(results)),
    ...STEP_BUDGETS.flatMap((budget) =>
      DIRECTIONS.map((direction) =>
        describe(`${direction}, equal ${budget.words}`, scheduledArm(results, direction, budget)),
      ),
    ),
  ];
}

function claim(direction: Direction, budget: StepBudget): Claim {
  const losses = (results: Results) => lossesOf(results, scheduledArm(results, direction, budget));
  return {
    id: `paper81-schedule/${direction}${budget.suffix}`,
    rows: ['M13'],
    statement: `A fixed K beats a ${direction} one at equal ${budget.words}.`,
    sourceFigure: 'confirmed there (fixed K beats dynamic)',
    quantity: `held-out loss(${direction}) − loss(fixed), each at its best learning rate`,
    rule: above(0, 'confirmed if the loss with the changing K is higher than with the fixed one'),
    measure: (results) => difference(losses(results), lossesOf(results, fixedArm(results))),
    why: (results) =>
      sayMeans([
        ['held-out loss with a fixed K', lossesOf(results, fixedArm(results))],
        [`with a ${direction} one`, losses(results)],
      ]),
  };
}

function table(results: Results): ExperimentTable {
  const fixed = lossesOf(results, fixedArm(results));
  return {
    title: 'Fixed and changing K',
    caption:
      `Held-out loss after ${results.scale.shortSteps} steps at the best learning rate of each arm. ` +
      'Schedules read rank × steps. Two arms can be compared where they agree in one of the sums.',
    setting: results.setting.name,
    columns: ['arm', 'K × steps', 'Σ K', 'Σ K²', 'learning rate', 'loss', 'loss − fixed'],
    rows: arms(results).map(({ name, arm, schedule, costs }) => {
      const losses = lossesOf(results, arm);
      const gap = losses && fixed && losses.map((loss, seed) => loss - fixed[seed]!);
      return [
        name,
        schedule,
        ...costs,
        bestLearningRate(results, arm, results.scale.shortSteps) ?? null,
        cell(losses),
        name === 'fixed' ? null : cell(gap),
      ];
    }),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  const { shortSteps } = results.scale;
  return {
    title: 'Loss of fixed and changing K',
    caption:
      'Held-out loss during the run, at the best learning rate of each arm; 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'step',
    yLabel: 'held-out loss, nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: arms(results).map(({ name, arm }) => {
      const runs = tunedRuns(results, arm, shortSteps);
      const steps = (runs?.[0]?.evalLosses ?? [])
        .map(({ step }) => step)
        .filter((step) => step <= shortSteps);
      return curve(
        name,
        steps.map((step) => {
          const losses = runs!.map((run) => run.evalLosses.find((one) => one.step === step)?.loss);
          return [step, allThere(losses)];
        }),
      );
    }),
  };
}

function notes(results: Results): string[] {
  const rates = arms(results).flatMap(({ name, arm }) => {
    const rate = bestLearningRate(results, arm, results.scale.shortSteps);
    return rate === undefined ? [] : [`${name} ${say(rate)}`];
  });
  return [
    `Best learning rates: ${rates.join('; ')}.`,
    'At equal Σ K a changing K trains more parameters on the whole, Σ K² being convex in K; at equal Σ K² it has a smaller mean K. Both comparisons are shown, as the source does not say which it means.',
    'Dimensions that join later start from a zero running mean, and dimensions that leave keep their values.',
  ];
}

export const paper81Schedule: Experiment = {
  name: 'paper81-schedule',
  title: 'Fixed against dynamic K (Paper 81)',
  question: 'Does a fixed K beat a growing or a shrinking one at an equal budget?',
  method:
    'CT-LoRA in the singular vectors of the weights. Half of the largest K throughout, against schedules that go ' +
    'from a quarter over half to the largest K, and back, in as many steps and at the same budget: Σ K over the ' +
    'steps, as the source counts, and Σ K², the parameters that learn. Learning rates are tuned per arm.',
  settings: ['random-start', 'pretrained'],
  trials: (results) =>
    arms(results).flatMap(({ arm }) => tunedTrials(results, arm, results.scale.shortSteps)),
  claims: STEP_BUDGETS.flatMap((budget) => DIRECTIONS.map((direction) => claim(direction, budget))),
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes,
};
