/** M12: is there a coverage above which the loss falls at every step? */
import { mean, spearman } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Experiment, Results } from '../experiment.ts';
import { below, curve, type SeedValues, sampleOf, say, saySeries } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks, sweepRanks } from '../readings/source-ranks.ts';
import { startCoverage, startCoverageTrials } from '../readings/start-coverage.ts';
import { type WatchedRun, watchedRuns, watchedTrials } from '../readings/watched.ts';

/** Losses that are compared from one step to the next. */
type Losses = 'fixed' | 'own';

const lossesOf = ({ watch, losses }: WatchedRun, which: Losses): readonly number[] =>
  which === 'fixed' ? watch.fixedLosses : losses;

/** Steps whose loss is above that of the step before. */
export const countRises = (losses: readonly number[]): number =>
  losses.filter((loss, step) => step > 0 && loss > losses[step - 1]!).length;

const rises = (results: Results, rank: number, which: Losses): SeedValues =>
  watchedRuns(results, rank)?.map((run) => countRises(lossesOf(run, which)));

const share = (results: Results, rank: number, which: Losses): SeedValues =>
  watchedRuns(results, rank)?.map((run) => {
    const losses = lossesOf(run, which);
    return countRises(losses) / (losses.length - 1);
  });

/** Per seed, Spearman's correlation over the ranks of the sweep between K and the share of rising steps. */
function trend(results: Results): number[] | undefined {
  const ranks = sweepRanks(results.scale);
  const shares = ranks.map((rank) => share(results, rank, 'fixed'));
  if (!shares.every((values) => values !== undefined)) return undefined;
  return results.scale.seeds.map((_, seed) =>
    spearman(
      ranks,
      shares.map((values) => values[seed]!),
    ),
  );
}

/** The smallest rank from which on no seed's loss of the fixed batch ever rises; null if there is none. */
function leastMonotoneRank(results: Results): number | null {
  const ranks = sweepRanks(results.scale);
  const monotone = ranks.map((rank) => rises(results, rank, 'fixed')?.every((count) => count === 0) ?? false);
  const lastRise = monotone.lastIndexOf(false);
  return ranks[lastRise + 1] ?? null;
}

function table(results: Results): ExperimentTable {
  return {
    title: 'Steps on which the loss rises',
    caption: 'Shares of the steps of a run. Coverage is that of the first step.',
    setting: results.setting.name,
    columns: [
      'K',
      'coverage',
      'fixed batch: share rising',
      'fixed batch: steps rising',
      'own batch: share rising',
    ],
    rows: sweepRanks(results.scale).map((rank) => [
      rank,
      cell(startCoverage(results, rank)),
      cell(share(results, rank, 'fixed')),
      cell(rises(results, rank, 'fixed')),
      cell(share(results, rank, 'own')),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  const ranks = sweepRanks(results.scale);
  const series = (which: Losses, name: string) =>
    curve(
      name,
      ranks.flatMap((rank) => {
        const coverage = startCoverage(results, rank);
        return coverage === undefined ? [] : [[mean(coverage), share(results, rank, which)] as const];
      }),
    );
  return {
    title: 'Rising steps against coverage',
    caption: 'Share of steps whose loss is above that of the step before; 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'coverage at the first step',
    yLabel: 'share of rising steps',
    xScale: 'log',
    yScale: 'linear',
    series: [series('fixed', 'fixed batch'), series('own', 'own batch')],
  };
}

function notes(results: Results): string[] {
  const rank = leastMonotoneRank(results);
  const coverage = rank === null ? undefined : startCoverage(results, rank);
  return [
    rank === null
      ? 'At the largest K the loss of the fixed batch still rises on some step of some seed, so no coverage that was tried is enough for a loss that falls at every step.'
      : `From K = ${rank} on${coverage === undefined ? '' : ` (coverage ${say(mean(coverage))})`} the loss of the fixed batch falls at every step of every seed: the minimum that the source asks for, at the tuned learning rates of these ranks.`,
    'A step’s own loss is that of another batch than the step before, so it rises and falls with the text as well; the fixed batch shows the model alone.',
    'Every rank has its own tuned learning rate; a smaller rate makes a loss more monotone at any coverage.',
  ];
}

const sayRises = (results: Results, which: Losses): string =>
  saySeries(
    'number of rising steps',
    sweepRanks(results.scale).map((rank) => [`at K = ${rank}`, rises(results, rank, which)]),
  );

export const paper88Monotone: Experiment = {
  name: 'paper88-monotone',
  title: 'Coverage and a loss that falls at every step (Paper 88)',
  question: 'What is the minimum coverage for a loss that decreases monotonically per step?',
  method:
    'The runs of paper88-direction: at each K, the steps are counted on which the loss before the update is above ' +
    'that of the step before, on one batch that stays the same and on each step’s own batch.',
  settings: ['random-start', 'pretrained'],
  trials: (results) => [
    ...startCoverageTrials(results),
    ...sweepRanks(results.scale).flatMap((rank) => watchedTrials(results, rank)),
  ],
  claims: [
    {
      id: 'paper88-monotone/largest-fixed',
      rows: ['M12'],
      statement:
        'There is a coverage at which the loss of a fixed batch falls at every step: that of the largest K.',
      sourceFigure: 'asked, not measured',
      quantity: 'steps per run on which the fixed batch’s loss rises, at the largest K',
      rule: below(0.5, 'confirmed if a run has fewer than half a rising step on average'),
      measure: (results) => sampleOf(rises(results, sourceRanks(results.scale).largest, 'fixed')),
      why: (results) => sayRises(results, 'fixed'),
    },
    {
      id: 'paper88-monotone/largest-own',
      rows: ['M12'],
      statement: 'There is a coverage at which the training loss falls at every step: that of the largest K.',
      sourceFigure: 'asked, not measured',
      quantity: 'steps per run whose own batch has a higher loss than the step before, at the largest K',
      rule: below(0.5, 'confirmed if a run has fewer than half a rising step on average'),
      measure: (results) => sampleOf(rises(results, sourceRanks(results.scale).largest, 'own')),
      why: (results) => sayRises(results, 'own'),
    },
    {
      id: 'paper88-monotone/fewer-rises',
      rows: ['M12'],
      statement:
        'The more coverage, the fewer steps on which the loss rises, so that a minimum is to be found.',
      sourceFigure: 'asked, not measured',
      quantity:
        'Spearman’s correlation between K and the share of rising steps of the fixed batch, over the sweep',
      rule: below(
        -0.1,
        'confirmed if the correlation is below −0.1; coverage rises with K, and ties everywhere give 0',
      ),
      measure: (results) => sampleOf(trend(results)),
      why: (results) =>
        saySeries(
          'share of rising steps',
          sweepRanks(results.scale).map((rank) => [`at K = ${rank}`, share(results, rank, 'fixed')]),
        ),
    },
  ],
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes,
};
