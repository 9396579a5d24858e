/** M9: does loss against coverage show a threshold? */
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Experiment, Results, Scale } from '../experiment.ts';
import { ladderTrials, perSeedLadder, rankLadder } from '../readings/rank-ladder.ts';
import { below, curve, type SeedValues, sampleOf, say, sayMeans } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { hingeLaw, type Law, leaveOneOutError, smoothLaw, THRESHOLDS } from '../readings/threshold-fit.ts';
import { SOURCE_LOSSES, SOURCE_RANKS, SOURCE_START_COVERAGE } from './source-tables.ts';

const errorOf = (results: Results, law: Law): SeedValues =>
  perSeedLadder(results, (_, coverage, losses) => leaveOneOutError(law, coverage, losses));

const errorGap = (results: Results): SeedValues =>
  perSeedLadder(
    results,
    (_, coverage, losses) =>
      leaveOneOutError(hingeLaw, coverage, losses) - leaveOneOutError(smoothLaw, coverage, losses),
  );

/** Place in the sweep of the rank that the source calls a dead zone, 16 of 2 … 64. */
const bendOf = (ranks: readonly number[]): number => Math.ceil((ranks.length - 1) / 2);

/** How much loss a unit of coverage saves between two places of a sweep. */
export function saving(
  coverage: readonly number[],
  losses: readonly number[],
  from: number,
  to: number,
): number {
  return (losses[from]! - losses[to]!) / (coverage[to]! - coverage[from]!);
}

/** What a unit of coverage saves up to the bend, over what it saves beyond it. */
function savingRatio(coverage: readonly number[], losses: readonly number[]): number {
  const bend = bendOf(coverage);
  return saving(coverage, losses, 0, bend) / saving(coverage, losses, bend, coverage.length - 1);
}

/** Loss saved below the bend, as a share of all that the sweep saves. */
function savedBelow(losses: readonly number[]): number {
  return (losses[0]! - losses[bendOf(losses)]!) / (losses[0]! - losses.at(-1)!);
}

const bendRank = ({ ranks }: Scale): number => ranks[bendOf(ranks)]!;

const belowSaving = (results: Results): SeedValues =>
  perSeedLadder(results, (ranks, coverage, losses) => saving(coverage, losses, 0, bendOf(ranks)));

const aboveSaving = (results: Results): SeedValues =>
  perSeedLadder(results, (ranks, coverage, losses) =>
    saving(coverage, losses, bendOf(ranks), ranks.length - 1),
  );

/** The sweep of loss over coverage with both laws fitted to the means over seeds. */
function figure(results: Results): ExperimentFigure {
  const rungs = rankLadder(results).flatMap(({ coverage, losses }) =>
    coverage === undefined || losses === undefined ? [] : [{ x: mean(coverage), losses }],
  );
  const fitted = (name: string, law: Law) => {
    if (rungs.length === 0) return [];
    const x = rungs.map((rung) => rung.x);
    const foretold = law(
      x,
      rungs.map(({ losses }) => mean(losses)),
    );
    const points = [...x, ...THRESHOLDS.filter((at) => at > Math.min(...x) && at < Math.max(...x))]
      .sort((a, b) => a - b)
      .map((at) => ({ x: at, y: foretold(at) }));
    return [{ name, kind: 'line' as const, points }];
  };
  return {
    title: 'Loss against coverage, with and without a threshold',
    caption: 'The sweep over K; 95 % intervals over seeds. Both laws have two constants.',
    setting: results.setting.name,
    xLabel: 'coverage at the first step',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: [
      curve(
        'measured',
        rungs.map(({ x, losses }) => [x, losses] as const),
        'points',
      ),
      ...fitted('smooth', smoothLaw),
      ...fitted('threshold', hingeLaw),
    ],
  };
}

function table(results: Results): ExperimentTable {
  const columns = ['quantity', 'value'];
  const source = (law: Law) => leaveOneOutError(law, SOURCE_START_COVERAGE, SOURCE_LOSSES);
  return {
    title: 'A threshold, or none',
    caption:
      'Errors in nats per token at a point that the law was not fitted to. Savings in nats per unit of coverage.',
    setting: results.setting.name,
    columns,
    rows: [
      ['error of the smooth law', cell(errorOf(results, smoothLaw))],
      ['error of the law with a threshold', cell(errorOf(results, hingeLaw))],
      [`saving up to K = ${bendRank(results.scale)}`, cell(belowSaving(results))],
      [`saving from K = ${bendRank(results.scale)} on`, cell(aboveSaving(results))],
      ['ratio of savings', cell(perSeedLadder(results, (_, x, y) => savingRatio(x, y)))],
    ],
    source: {
      columns,
      rows: [
        ['error of the smooth law', source(smoothLaw)],
        ['error of the law with a threshold', source(hingeLaw)],
        [
          `saving up to K = ${SOURCE_RANKS[bendOf(SOURCE_RANKS)]}`,
          saving(SOURCE_START_COVERAGE, SOURCE_LOSSES, 0, bendOf(SOURCE_RANKS)),
        ],
        [
          `saving from K = ${SOURCE_RANKS[bendOf(SOURCE_RANKS)]} on`,
          saving(SOURCE_START_COVERAGE, SOURCE_LOSSES, bendOf(SOURCE_RANKS), SOURCE_RANKS.length - 1),
        ],
        ['ratio of savings', savingRatio(SOURCE_START_COVERAGE, SOURCE_LOSSES)],
      ],
    },
  };
}

const sourceRatio = savingRatio(SOURCE_START_COVERAGE, SOURCE_LOSSES);

export const threshold: Experiment = {
  name: 'threshold',
  title: 'A threshold of coverage',
  question:
    'Is there a coverage near 0.05 below which training is held up, or does loss fall smoothly with coverage?',
  method:
    'The sweep of paper87-b. For each seed, a smooth law and one that is level below a threshold, with two constants ' +
    'each, are fitted to all ranks but one and foretell the loss of that one; each may choose coverage or its ' +
    `logarithm, and the second its threshold among ${THRESHOLDS.join(', ')}. And what a unit of coverage saves is compared below and above the source’s dead zone.`,
  settings: ['random-start', 'pretrained'],
  trials: ladderTrials,
  claims: [
    {
      id: 'threshold/hinge',
      rows: ['M9'],
      statement: 'Loss against coverage has a threshold at 0.05 to 0.10: below it, coverage does not help.',
      sourceFigure: '“~0.05–0.10”, stated, not fitted',
      quantity: 'leave-one-out error of the law with a threshold − that of the smooth law, nats per token',
      rule: below(0, 'confirmed if the law with a threshold foretells better: the difference is below 0'),
      measure: (results) => sampleOf(errorGap(results)),
      why: (results) =>
        sayMeans([
          ['error of the law with a threshold', errorOf(results, hingeLaw)],
          ['of the smooth law', errorOf(results, smoothLaw)],
        ]),
    },
    {
      id: 'threshold/dead-zone',
      rows: ['M9'],
      statement:
        'Up to K = 16, below the threshold, a unit of coverage is worth less than above it: a dead zone.',
      sourceFigure: `ratio ${say(sourceRatio)} in its own table`,
      quantity: 'loss saved per unit of coverage up to the middle of the sweep (K = 16) / beyond it',
      rule: below(0.5, 'confirmed if coverage saves less than half as much below as above'),
      measure: (results) => sampleOf(perSeedLadder(results, (_, x, y) => savingRatio(x, y))),
      why: (results) =>
        sayMeans([
          [`nats per unit of coverage up to K = ${bendRank(results.scale)}`, belowSaving(results)],
          ['beyond it', aboveSaving(results)],
          ['share of the whole saving made below', perSeedLadder(results, (_, __, y) => savedBelow(y))],
        ]),
    },
  ],
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes: () => [
    `In the source’s own table a unit of coverage saves ${say(sourceRatio)} times as much up to K = 16 as beyond it, and ${say(100 * savedBelow(SOURCE_LOSSES))} % of the whole saving lies below its threshold.`,
    'Where loss falls in a nearly straight line over coverage, as the source finds, little room is left for a threshold.',
  ],
};
