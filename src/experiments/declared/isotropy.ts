/** M7: the source's "formal statement" on random frames, and the null that they really have. */
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Experiment, Results } from '../experiment.ts';
import { largestOf } from '../readings/observed-coverage.ts';
import {
  below,
  between,
  curve,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
  saySeries,
} from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { nullCoverage, type PointQuery, startPoints, startTrials } from '../readings/start-points.ts';
import { OBSERVED_RANKS } from '../trial.ts';

const coverageOf = (results: Results, query: PointQuery): SeedValues =>
  startPoints(results, query)?.map(({ coverage }) => coverage);

const gainOf = (results: Results, query: PointQuery): SeedValues =>
  startPoints(results, query)?.map(({ gain }) => gain);

const nullOf = (results: Results, query: PointQuery): SeedValues =>
  startPoints(results, query)?.map(nullCoverage);

/**
 * Energy that the source's formula predicts: K/m or K/n, the greater one after both are averaged over layers by
 * their energy. K/min(m,n) of no layer is below either, so this is the least that the formula can mean.
 */
function predictedEnergy(results: Results, rank: number): SeedValues {
  const left = nullOf(results, { basis: 'random', family: 'left', rank });
  const right = nullOf(results, { basis: 'random', family: 'right', rank });
  if (left === undefined || right === undefined) return undefined;
  return left.map((value, seed) => Math.max(value, right[seed]!) ** 2);
}

const predictedCoverage = (results: Results, rank: number): SeedValues =>
  predictedEnergy(results, rank)?.map(Math.sqrt);

/** Energy of random frames over the source's prediction. */
function formalRatio(results: Results, rank: number): SeedValues {
  const predicted = predictedEnergy(results, rank);
  const points = startPoints(results, { basis: 'random', rank });
  return predicted && points?.map(({ energy }, seed) => energy / predicted[seed]!);
}

/** Mean gain of random one-sided frames, left and right. */
function oneSidedGain(results: Results, rank: number): SeedValues {
  const left = gainOf(results, { basis: 'random', family: 'left', rank });
  const right = gainOf(results, { basis: 'random', family: 'right', rank });
  return right && left?.map((value, seed) => (value + right[seed]!) / 2);
}

const ranksOf = (results: Results): number[] => OBSERVED_RANKS.filter((rank) => rank <= largestOf(results));

const CLOSE = 'between 0.8 and 1.25, a quarter more or less';

function table(results: Results): ExperimentTable {
  return {
    title: 'Random frames against two nulls',
    caption:
      'Coverage at the start. The source predicts √(K/min(m,n)); the exact null of a two-sided projection is K/√(mn), with layers weighed by their energy.',
    setting: results.setting.name,
    columns: ['K', 'source’s formula', 'K/√(mn)', 'random', 'SVD', 'random, one-sided'],
    rows: ranksOf(results).map((rank) => [
      rank,
      cell(predictedCoverage(results, rank)),
      cell(nullOf(results, { basis: 'random', rank })),
      cell(coverageOf(results, { basis: 'random', rank })),
      cell(coverageOf(results, { basis: 'svd', rank })),
      cell(coverageOf(results, { basis: 'random', family: 'left', rank })),
    ]),
    source: { columns: ['K', 'source’s formula', 'seen (SVD)'], rows: [[64, 0.5, 0.131]] },
  };
}

function figure(results: Results): ExperimentFigure {
  const series = (name: string, of: (rank: number) => SeedValues, kind: 'line' | 'null' = 'line') =>
    curve(
      name,
      ranksOf(results).map((rank) => [rank, of(rank)] as const),
      kind,
    );
  return {
    title: 'Coverage of random frames',
    caption: 'Two-sided frames lie on K/√(mn), one-sided ones on the source’s √(K/min(m,n)).',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'coverage',
    xScale: 'log',
    yScale: 'log',
    series: [
      series('K/√(mn)', (rank) => nullOf(results, { basis: 'random', rank }), 'null'),
      series('source’s formula', (rank) => predictedCoverage(results, rank)),
      series('random, two-sided', (rank) => coverageOf(results, { basis: 'random', rank })),
      series('random, left', (rank) => coverageOf(results, { basis: 'random', family: 'left', rank })),
      series('random, right', (rank) => coverageOf(results, { basis: 'random', family: 'right', rank })),
      series('SVD', (rank) => coverageOf(results, { basis: 'svd', rank })),
    ],
  };
}

function notes(results: Results): string[] {
  const predicted = predictedCoverage(results, largestOf(results));
  const expected = nullOf(results, { basis: 'random', rank: largestOf(results) });
  return [
    'A projection on both sides keeps K²/(mn) of the energy of any gradient on average over random frames, whatever its structure; K/min(m,n) is what a projection on the narrower side alone keeps.',
    ...(predicted && expected
      ? [
          `At K = ${largestOf(results)} the formula gives a coverage of ${say(mean(predicted))} here, the two-sided null ${say(mean(expected))}.`,
        ]
      : []),
  ];
}

export const isotropy: Experiment = {
  name: 'isotropy',
  title: 'The null of random frames (the formal statement)',
  question: 'Do random K-frames keep K/min(m,n) of the gradient’s energy, as the source states, or K²/(mn)?',
  method:
    'Frames drawn uniformly and independently of the gradient, one draw per seed and layer; energies on batches at ' +
    'the start, summed over layers, in the two-sided family (core) and the one-sided ones (left, right).',
  settings: ['random-start', 'pretrained', 'real'],
  trials: startTrials,
  claims: [
    {
      id: 'isotropy/formal',
      rows: ['M7'],
      statement:
        'For random K-frames on both sides, E‖proj_K(G)‖² = K/min(m,n) · ‖G‖² (the source’s formal statement).',
      sourceFigure: 'coverage 0.5 predicted at K = 64, 0.131 seen',
      quantity: 'energy of random frames / (K/min(m,n)), at the largest K',
      rule: between(0.8, 1.25, `confirmed if the ratio is ${CLOSE}`),
      measure: (results) => sampleOf(formalRatio(results, largestOf(results))),
      why: (results) =>
        sayMeans([
          ['coverage by the formula', predictedCoverage(results, largestOf(results))],
          ['of random frames', coverageOf(results, { basis: 'random', rank: largestOf(results) })],
          ['K/√(mn)', nullOf(results, { basis: 'random', rank: largestOf(results) })],
        ]),
    },
    {
      id: 'isotropy/two-sided',
      rows: ['M7'],
      statement: 'For random K-frames on both sides, E‖proj_K(G)‖² = K²/(mn) · ‖G‖² (ours).',
      sourceFigure: '',
      quantity: 'energy of random frames / (K²/(mn)), at the largest K',
      rule: between(0.8, 1.25, `confirmed if the ratio is ${CLOSE}`),
      measure: (results) => sampleOf(gainOf(results, { basis: 'random', rank: largestOf(results) })),
      why: (results) =>
        saySeries(
          'ratio',
          ranksOf(results).map((rank) => [`at K = ${rank}`, gainOf(results, { basis: 'random', rank })]),
        ),
    },
    {
      id: 'isotropy/one-sided',
      rows: ['M7'],
      statement:
        'The formal statement is the null of a projection on one side: K/m on the left, K/n on the right (ours).',
      sourceFigure: '',
      quantity: 'energy of random one-sided frames over K/m and K/n, mean of both, at the largest K',
      rule: between(0.8, 1.25, `confirmed if the ratio is ${CLOSE}`),
      measure: (results) => sampleOf(oneSidedGain(results, largestOf(results))),
      why: (results) =>
        sayMeans(
          (['left', 'right'] as const).map((family) => [
            `ratio on the ${family}`,
            gainOf(results, { basis: 'random', family, rank: largestOf(results) }),
          ]),
        ),
    },
    {
      id: 'isotropy/structure',
      rows: ['M7'],
      statement:
        'Coverage is far below the prediction because the gradient’s structure reduces it: the SVD frame covers less than the exact null.',
      sourceFigure: '0.131 against 0.5, put down to alignment or structure',
      quantity: 'energy of the SVD frame / (K²/(mn)), at the largest K',
      rule: below(0.8, 'confirmed if structure takes a fifth or more of the energy that random frames have'),
      measure: (results) => sampleOf(gainOf(results, { basis: 'svd', rank: largestOf(results) })),
      why: (results) =>
        sayMeans([
          ['coverage of the SVD frame', coverageOf(results, { basis: 'svd', rank: largestOf(results) })],
          ['K/√(mn)', nullOf(results, { basis: 'svd', rank: largestOf(results) })],
        ]),
    },
  ],
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes,
};
