/** M17: are the dimensions that K = 64 has beyond K = 32 signal? */
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Experiment, Results } from '../experiment.ts';
import { type AblatedRun, ablatedRuns, ablatedTrials } from '../readings/ablated.ts';
import { above, curve, perSeed, type SeedValues, sampleOf, sayMeans } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { startLosses, startTrials } from '../readings/start-points.ts';
import { coreArm, lossAfter, tunedLosses, tunedTrials } from '../tuning.ts';

type Half = keyof AblatedRun['ablation'];

const runsOf = (results: Results): AblatedRun[] | undefined =>
  ablatedRuns(results, 'svd', sourceRanks(results.scale).largest);

const whole = (results: Results): SeedValues =>
  runsOf(results)?.map((run) => lossAfter(run, results.scale.shortSteps));

/** Held-out loss with one half of the dimensions left. */
const only = (results: Results, half: Half): SeedValues =>
  runsOf(results)?.map(({ ablation }) => ablation[half]);

const freshHalf = (results: Results): SeedValues =>
  tunedLosses(results, coreArm('svd', sourceRanks(results.scale).half), results.scale.shortSteps);

/** What is compared, in the order of the table. */
const arms = (results: Results): readonly (readonly [string, SeedValues])[] => {
  const { largest, half } = sourceRanks(results.scale);
  return [
    [`K = ${largest}, whole`, whole(results)],
    ['its leading half alone', only(results, 'leading')],
    ['its trailing half alone', only(results, 'trailing')],
    ['random halves alone', only(results, 'random')],
    [`a fresh run at K = ${half}`, freshHalf(results)],
    ['no update', startLosses(results)],
  ];
};

/** By how much a loss lies above another. */
const gap = (upper: SeedValues, lower: SeedValues): SeedValues => perSeed([upper, lower], (a, b) => a - b);

function table(results: Results): ExperimentTable {
  return {
    title: 'Halves of a trained core',
    caption:
      `Held-out loss after ${results.scale.shortSteps} steps. A half alone keeps its own square block of the core; ` +
      'the blocks between the halves go with the other half.',
    setting: results.setting.name,
    columns: ['core', 'loss', 'loss − whole', 'gain over no update'],
    rows: arms(results).map(([name, losses]) => [
      name,
      cell(losses),
      cell(gap(losses, whole(results))),
      cell(gap(startLosses(results), losses)),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  return {
    title: 'What halves of a trained core give up',
    caption:
      'Held-out loss above that of the whole core, one column for each row of the table; 95 % intervals.',
    setting: results.setting.name,
    xLabel: 'row of the table',
    yLabel: 'loss − whole, nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: arms(results).map(([name, losses], row) =>
      curve(name, [[row + 1, gap(losses, whole(results))]], 'points'),
    ),
  };
}

export const paper85Ablate: Experiment = {
  name: 'paper85-ablate',
  title: 'Are the extra dimensions signal? (Paper 85)',
  question: 'Do the dimensions that the largest K has beyond half of it carry signal, or noise?',
  method:
    'CT-LoRA at the largest K, in the singular vectors of the weights, at its tuned learning rate. After training the ' +
    'core is judged with only its leading half, its trailing half, and random halves (mean of several draws), and ' +
    'against a fresh run at half the rank. Losses are held out: what was only fitted noise does not lower them.',
  settings: ['random-start', 'pretrained'],
  trials: (results) => {
    const { largest, half } = sourceRanks(results.scale);
    return [
      ...ablatedTrials(results, 'svd', largest),
      ...tunedTrials(results, coreArm('svd', half), results.scale.shortSteps),
      ...startTrials(results),
    ];
  },
  claims: [
    {
      id: 'paper85-ablate/trailing-matters',
      rows: ['M17'],
      statement: 'The extra dimensions of K = 64 are signal: without them the trained core does worse.',
      sourceFigure: 'confirmed there (K = 64 dims are signal, not noise)',
      quantity: 'held-out loss(leading half alone) − loss(whole core)',
      rule: above(0, 'confirmed if setting the extra dimensions to zero raises the held-out loss'),
      measure: (results) => sampleOf(gap(only(results, 'leading'), whole(results))),
      why: (results) => sayMeans(arms(results)),
    },
    {
      id: 'paper85-ablate/trailing-alone',
      rows: ['M17'],
      statement: 'The extra dimensions of K = 64 are signal: alone, they improve the model.',
      sourceFigure: 'confirmed there (K = 64 dims are signal, not noise)',
      quantity: 'held-out loss(no update) − loss(trailing half alone)',
      rule: above(0, 'confirmed if the extra dimensions alone lower the held-out loss of the start'),
      measure: (results) => sampleOf(gap(startLosses(results), only(results, 'trailing'))),
      why: (results) => sayMeans(arms(results)),
    },
    {
      id: 'paper85-ablate/beyond-a-fresh-half',
      rows: ['M17'],
      statement: 'What the extra dimensions of K = 64 learn cannot be had by training K = 32 instead.',
      sourceFigure: 'implied',
      quantity: 'held-out loss(fresh run at half the rank) − loss(whole core)',
      rule: above(0, 'confirmed if the whole core is better than a fresh run without the extra dimensions'),
      measure: (results) => sampleOf(gap(freshHalf(results), whole(results))),
      why: (results) => sayMeans(arms(results)),
    },
  ],
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes: (results) => [
    `A core cut down after training has lost the blocks between its halves as well, to which it had adapted; the fresh run shows what half the rank can do. ${sayMeans(arms(results))}`,
  ],
};
