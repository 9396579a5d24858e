/** M19: do singular vectors of the weights start better, and give more structured updates, than random frames? */

import { fitLine, mean } from '../../numeric/index.ts';
import type { Basis, ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { ablatedRuns, ablatedTrials } from '../readings/ablated.ts';
import { above, curve, perSeed, type SeedValues, sampleOf, say, sayMeans } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { bestLearningRate, coreArm, lossAfter } from '../tuning.ts';

type Rate = 'tuned' | 'shared';

const BASES: readonly Basis[] = ['svd', 'random'];
const RATES: readonly Rate[] = ['tuned', 'shared'];

const comparedRanks = ({ scale }: Results): number[] => {
  const { quarter, half, largest } = sourceRanks(scale);
  return [quarter, half, largest];
};

/** The middle of the grid. */
const sharedRate = ({ scale: { learningRates } }: Results): number =>
  learningRates[Math.floor(learningRates.length / 2)]!;

const rateOf = (results: Results, rate: Rate): number | undefined =>
  rate === 'tuned' ? undefined : sharedRate(results);

const runsOf = (results: Results, basis: Basis, rank: number, rate: Rate) =>
  ablatedRuns(results, basis, rank, rateOf(results, rate));

/** Steps that count as early: up to the second one that the source observes. */
const earlySteps = ({ scale }: Results): number => scale.observedSteps[1] ?? scale.shortSteps;

/** Least-squares slope of values at 1, 2, 3 … */
const slope = (values: readonly number[]): number =>
  fitLine(
    values.map((_, at) => at),
    values,
  ).slope;

/** Slope of the training loss over the early steps, nats per token and step. */
const earlySlope = (results: Results, basis: Basis, rank: number, rate: Rate): SeedValues =>
  runsOf(results, basis, rank, rate)?.map(({ losses }) => slope(losses.slice(0, earlySteps(results))));

const updateRank = (results: Results, basis: Basis, rank: number, rate: Rate): SeedValues =>
  runsOf(results, basis, rank, rate)?.map(({ updateEffectiveRank }) => updateEffectiveRank);

const finalLoss = (results: Results, basis: Basis, rank: number, rate: Rate): SeedValues =>
  runsOf(results, basis, rank, rate)?.map((run) => lossAfter(run, results.scale.shortSteps));

type Measurement = typeof earlySlope;

const randomLessSvd = (results: Results, measure: Measurement, rate: Rate): SeedValues => {
  const { largest } = sourceRanks(results.scale);
  return perSeed(
    [measure(results, 'random', largest, rate), measure(results, 'svd', largest, rate)],
    (random, svd) => random - svd,
  );
};

function sayBases(results: Results, words: string, measure: Measurement, rate: Rate): string {
  const { largest } = sourceRanks(results.scale);
  return sayMeans(
    BASES.map((basis) => [
      `${words} of ${basis} frames at K = ${largest}`,
      measure(results, basis, largest, rate),
    ]),
  );
}

function claims(rate: Rate): Claim[] {
  const at = rate === 'tuned' ? 'each at its best learning rate' : 'both at one learning rate';
  const common = { rows: ['M19'], sourceFigure: 'asserted, not measured' };
  return [
    {
      ...common,
      id: `svd-advantages/early-${rate}`,
      statement: `SVD frames start better than random frames, ${at}: the loss falls faster at first.`,
      quantity: 'slope of the loss over the early steps, random − svd, at the largest K',
      rule: above(0, 'confirmed if the loss falls faster in SVD frames; slopes are negative'),
      measure: (results) => sampleOf(randomLessSvd(results, earlySlope, rate)),
      why: (results) => sayBases(results, 'slope', earlySlope, rate),
    },
    {
      ...common,
      id: `svd-advantages/structured-${rate}`,
      statement: `Updates in SVD frames are more structured than in random frames, ${at}: fewer effective directions.`,
      quantity: 'effective rank of ΔW, random − svd, at the largest K',
      rule: above(0, 'confirmed if the effective rank of the update is lower in SVD frames'),
      measure: (results) => sampleOf(randomLessSvd(results, updateRank, rate)),
      why: (results) => sayBases(results, 'effective rank of ΔW', updateRank, rate),
    },
  ];
}

/** Rows of the table: all ranks at tuned rates, the largest at the shared one as well. */
const comparisons = (results: Results): { rank: number; rate: Rate }[] => [
  ...comparedRanks(results).map((rank) => ({ rank, rate: 'tuned' as const })),
  { rank: sourceRanks(results.scale).largest, rate: 'shared' },
];

function table(results: Results): ExperimentTable {
  const { shortSteps } = results.scale;
  return {
    title: 'SVD against random frames',
    caption:
      `Slope of the training loss over the first ${earlySteps(results)} steps, nats per token and step; entropic ` +
      `effective rank of ΔW and held-out loss after ${shortSteps} steps.`,
    setting: results.setting.name,
    columns: ['K', 'frames', 'learning rate', 'early slope', 'effective rank of ΔW', 'loss'],
    rows: comparisons(results).flatMap(({ rank, rate }) =>
      BASES.map((basis) => [
        rank,
        basis,
        rateOf(results, rate) ?? bestLearningRate(results, coreArm(basis, rank), shortSteps) ?? null,
        cell(earlySlope(results, basis, rank, rate)),
        cell(updateRank(results, basis, rank, rate)),
        cell(finalLoss(results, basis, rank, rate)),
      ]),
    ),
    source: null,
  };
}

function figures(results: Results): ExperimentFigure[] {
  const { largest } = sourceRanks(results.scale);
  const early = Array.from({ length: earlySteps(results) }, (_, index) => index);
  const lead: ExperimentFigure = {
    title: 'Lead of SVD frames over the first steps',
    caption: `Training loss in random frames less that in SVD frames on the same batches, K = ${largest}; 95 % intervals.`,
    setting: results.setting.name,
    xLabel: 'step',
    yLabel: 'loss(random) − loss(svd), nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: RATES.map((rate) => {
      const lossesAt = (basis: Basis, index: number): SeedValues => {
        const losses = runsOf(results, basis, largest, rate)?.map((run) => run.losses[index]);
        return allThere(losses);
      };
      return curve(
        rate === 'tuned' ? 'tuned learning rates' : 'one learning rate',
        early.map((index) => [
          index + 1,
          perSeed([lossesAt('random', index), lossesAt('svd', index)], (random, svd) => random - svd),
        ]),
      );
    }),
  };
  const spectra: ExperimentFigure = {
    title: 'Effective rank of the update in SVD and random frames',
    caption: 'Entropic effective rank of ΔW at tuned learning rates; 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'effective rank of ΔW',
    xScale: 'log',
    yScale: 'log',
    series: BASES.map((basis) =>
      curve(
        basis,
        comparedRanks(results).map((rank) => [rank, updateRank(results, basis, rank, 'tuned')] as const),
      ),
    ),
  };
  return [lead, spectra];
}

function notes(results: Results): string[] {
  const { largest } = sourceRanks(results.scale);
  const gap = perSeed(
    [finalLoss(results, 'random', largest, 'tuned'), finalLoss(results, 'svd', largest, 'tuned')],
    (random, svd) => random - svd,
  );
  return [
    'An update in SVD frames lies in the leading singular subspace of its weights by construction; the spectrum of the update is what could differ.',
    ...(gap === undefined
      ? []
      : [
          `After ${results.scale.shortSteps} steps at K = ${largest}, each at its best learning rate, SVD frames are ${say(mean(gap))} nats per token ahead of random ones.`,
        ]),
  ];
}

export const svdAdvantages: Experiment = {
  name: 'svd-advantages',
  title: 'Two advantages that the source leaves the SVD basis',
  question: 'Do SVD frames start better and give more structured updates than random frames?',
  method:
    'CT-LoRA in singular vectors of the weights and in random frames, the same batches in the same order: tuned per ' +
    'basis and K, and at the largest K also at one shared learning rate. A better start is a steeper fall of the ' +
    'loss over the first steps; structure is a lower entropic effective rank of ΔW at equal K.',
  settings: ['random-start', 'pretrained'],
  trials: (results) =>
    comparisons(results).flatMap(({ rank, rate }) =>
      BASES.flatMap((basis) => ablatedTrials(results, basis, rank, rateOf(results, rate))),
    ),
  claims: RATES.flatMap(claims),
  tables: (results) => [table(results)],
  figures,
  notes,
};
