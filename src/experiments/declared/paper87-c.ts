/** Phase C (M4): the SVD frame against a random one. */
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { lastStep, observedPoints, ratio } from '../readings/observed-coverage.ts';
import { between, curve, type SeedValues, sampleOf, sayMeans, saySeries } from '../readings/seed-values.ts';
import { cell, observedTrials } from '../readings/shared.ts';
import { type SourceRanks, sourceRanks } from '../readings/source-ranks.ts';
import { START_BASES, startPoints, startTrials } from '../readings/start-points.ts';
import { RANK_WORDS } from './rank-words.ts';
import { SOURCE_BASES } from './source-tables.ts';

/** Coverage at the last observed step, one value per seed. */
const coverageOf = (results: Results, basis: 'svd' | 'random', rank: number): SeedValues =>
  observedPoints(results, basis, rank, lastStep(results))?.map(({ coverage }) => coverage);

/** SVD over random, paired by seed. */
const advantage = (results: Results, rank: number): SeedValues =>
  ratio(coverageOf(results, 'svd', rank), coverageOf(results, 'random', rank));

const startCoverageOf = (results: Results, basis: (typeof START_BASES)[number], rank: number): SeedValues =>
  startPoints(results, { basis, rank })?.map(({ coverage }) => coverage);

const COMPARED: readonly (keyof SourceRanks)[] = ['eighth', 'half', 'largest'];

const pairClaims: Claim[] = COMPARED.map((which, index) => {
  const [sourceRank, svd, random, printed] = SOURCE_BASES[index]!;
  return {
    id: `paper87-c/equal-${which}`,
    rows: ['M4'],
    statement: `At K = ${sourceRank} the SVD frame covers as much of the gradient as a random one.`,
    sourceFigure: `${printed.toFixed(2)}× (${svd} against ${random})`,
    quantity: `coverage(SVD) / coverage(random) at ${RANK_WORDS[which]}, last observed step`,
    rule: between(
      0.85,
      1.15,
      'confirmed if the ratio is between 0.85 and 1.15: the source calls 1.10 no advantage',
    ),
    measure: (results) => sampleOf(advantage(results, sourceRanks(results.scale)[which])),
    why: (results) => {
      const rank = sourceRanks(results.scale)[which];
      return sayMeans([
        [`coverage of SVD at K = ${rank}`, coverageOf(results, 'svd', rank)],
        ['of random', coverageOf(results, 'random', rank)],
      ]);
    },
  };
});

/** Frames made from gradients over random ones at the start, at a quarter of the largest rank. */
function anyFrameRatio(results: Results): SeedValues {
  const { quarter } = sourceRanks(results.scale);
  return ratio(startCoverageOf(results, 'gradient', quarter), startCoverageOf(results, 'random', quarter));
}

const anyFrame: Claim = {
  id: 'paper87-c/any-frame',
  rows: ['M4', 'M6'],
  statement:
    'Any orthonormal K-frame captures the same fraction of gradient energy: frames made from other batches’ gradients included.',
  sourceFigure: '“the choice of basis is irrelevant to coverage”; only SVD and random were tried',
  quantity:
    'coverage(gradient frame, on batches that did not make it) / coverage(random), a quarter of the largest K',
  rule: between(0.85, 1.15, 'confirmed if the ratio is between 0.85 and 1.15'),
  measure: (results) => sampleOf(anyFrameRatio(results)),
  why: (results) =>
    saySeries(
      'coverage',
      START_BASES.map((basis) => [
        `for ${basis}`,
        startCoverageOf(results, basis, sourceRanks(results.scale).quarter),
      ]),
    ),
};

function table(results: Results): ExperimentTable {
  const ranks = sourceRanks(results.scale);
  return {
    title: 'SVD against random frames',
    caption: `Coverage at step ${results.scale.observedSteps.at(-1)}, paired by seed and batch.`,
    setting: results.setting.name,
    columns: ['K', 'SVD Coverage', 'Random Coverage', 'SVD Advantage'],
    rows: COMPARED.map((which) => [
      ranks[which],
      cell(coverageOf(results, 'svd', ranks[which])),
      cell(coverageOf(results, 'random', ranks[which])),
      cell(advantage(results, ranks[which])),
    ]),
    source: {
      columns: ['K', 'SVD Coverage', 'Random Coverage', 'SVD Advantage'],
      rows: SOURCE_BASES.map((row) => [...row]),
    },
  };
}

function basesTable(results: Results): ExperimentTable {
  const { quarter, largest } = sourceRanks(results.scale);
  return {
    title: 'Every frame at the start',
    caption: 'Coverage on batches that made none of the frames. Energy over null is 1 for random frames.',
    setting: results.setting.name,
    columns: ['basis', ...[quarter, largest].flatMap((rank) => [`K = ${rank}`, 'energy / null'])],
    rows: START_BASES.map((basis) => [
      basis,
      ...[quarter, largest].flatMap((rank) => [
        cell(startCoverageOf(results, basis, rank)),
        cell(startPoints(results, { basis, rank })?.map(({ gain }) => gain)),
      ]),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  return {
    title: 'SVD over random',
    caption: 'Ratio of coverages at the last observed step, paired by seed; 95 % intervals.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'coverage(SVD) / coverage(random)',
    xScale: 'log',
    yScale: 'linear',
    series: [
      {
        name: 'no advantage',
        kind: 'null',
        points: results.scale.ranks.map((rank) => ({ x: rank, y: 1 })),
      },
      curve(
        'this setting',
        results.scale.ranks.map((rank) => [rank, advantage(results, rank)] as const),
      ),
      {
        name: 'source',
        kind: 'points',
        points: SOURCE_BASES.map(([rank, , , printed]) => ({ x: rank, y: printed })),
      },
    ],
  };
}

export const paper87C: Experiment = {
  name: 'paper87-c',
  title: 'SVD against a random basis (Phase C)',
  question: 'Does the frame of the weights’ singular vectors cover more of the gradient than a random one?',
  method:
    'At the last observed step of the runs of paper87-a, the frames of the starting weights and one random draw per ' +
    'seed are held against the same gradients. At the start, frames made from calibration data are compared as well.',
  settings: ['random-start', 'pretrained', 'real'],
  trials: (results) => [
    ...observedTrials(results, sourceRanks(results.scale).largest),
    ...startTrials(results),
  ],
  claims: [...pairClaims, anyFrame],
  tables: (results) => [table(results), basesTable(results)],
  figures: (results) => [figure(results)],
  notes: () => [
    'Equal coverage of two frames says that neither is aligned with the gradient; it does not say that no frame is.',
  ],
};
