/** M16: does K = 64 beat K = 32, and by how much? */
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { above, between, curve, type SeedValues, sayMeans } from '../readings/seed-values.ts';
import { cell, difference } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { bestLearningRate, coreArm, tunedLosses, tunedTrials } from '../tuning.ts';
import { SOURCE_LOSSES, SOURCE_RANKS } from './source-tables.ts';

/** How much lower the source found the loss of K = 64 after 40 steps, nats. */
const SOURCE_GAIN = 0.697;

const lossesOf = (results: Results, rank: number): SeedValues =>
  tunedLosses(results, coreArm('svd', rank), results.scale.shortSteps);

const compared = ({ scale }: Results): number[] => {
  const { half, largest } = sourceRanks(scale);
  return [half, largest];
};

const measured: Pick<Claim, 'rows' | 'quantity' | 'measure' | 'why'> = {
  rows: ['M16'],
  quantity: 'held-out loss(half of the largest K) − loss(largest K), nats per token',
  measure: (results) => {
    const { half, largest } = sourceRanks(results.scale);
    return difference(lossesOf(results, half), lossesOf(results, largest));
  },
  why: (results) =>
    sayMeans(compared(results).map((rank) => [`held-out loss at K = ${rank}`, lossesOf(results, rank)])),
};

function table(results: Results): ExperimentTable {
  return {
    title: 'The largest K against half of it',
    caption: 'Held-out loss at the best learning rate of each K. The source’s rows are those of its Phase B.',
    setting: results.setting.name,
    columns: ['K', `Final Loss (${results.scale.shortSteps} steps)`, 'learning rate'],
    rows: compared(results).map((rank) => [
      rank,
      cell(lossesOf(results, rank)),
      bestLearningRate(results, coreArm('svd', rank), results.scale.shortSteps) ?? null,
    ]),
    source: {
      columns: ['K', 'Final Loss (40 steps)'],
      rows: SOURCE_RANKS.map((rank, row) => [rank, SOURCE_LOSSES[row]!]).slice(-2),
    },
  };
}

function figure(results: Results): ExperimentFigure {
  return {
    title: 'Loss of the largest K and of half of it',
    caption: 'Held-out loss at the best learning rate of each K; 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: [
      curve(
        'held-out loss',
        compared(results).map((rank) => [rank, lossesOf(results, rank)] as const),
      ),
    ],
  };
}

export const paper84: Experiment = {
  name: 'paper84-64v32',
  title: 'K = 64 against K = 32 (Paper 84)',
  question: 'Does the largest K beat half of it after a short run, and by the source’s margin?',
  method:
    'CT-LoRA in the singular vectors of the weights, learning rate tuned for each K, held-out losses paired by seed: ' +
    'both see the same batches in the same order.',
  settings: ['random-start', 'pretrained'],
  trials: (results) =>
    compared(results).flatMap((rank) => tunedTrials(results, coreArm('svd', rank), results.scale.shortSteps)),
  claims: [
    {
      ...measured,
      id: 'paper84-64v32/beats',
      statement: 'K = 64 beats K = 32.',
      sourceFigure: 'by 0.697 loss',
      rule: above(0, 'confirmed if the loss at half of the largest K is higher'),
    },
    {
      ...measured,
      id: 'paper84-64v32/by-0.697',
      statement: 'K = 64 beats K = 32 by 0.697.',
      sourceFigure: '0.697 (Paper 84), 0.712 (Paper 87)',
      rule: between(
        SOURCE_GAIN / 2,
        SOURCE_GAIN * 1.5,
        'confirmed if the difference lies within half of 0.697 on either side of it',
      ),
    },
  ],
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes: () => [
    'The source gives one run without a spread, and does not say whether the learning rate was tuned for each K; ours is, so a K that only needed a larger rate has no disadvantage here.',
  ],
};
