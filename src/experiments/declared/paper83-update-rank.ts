/** M15: is the effective rank of the learnt update near 20, whatever K? */
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { ablatedRuns, ablatedTrials } from '../readings/ablated.ts';
import {
  above,
  between,
  curve,
  perSeed,
  type SeedValues,
  sampleOf,
  saySeries,
} from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks, sweepRanks } from '../readings/source-ranks.ts';

/** The source’s 20, give or take a quarter. */
const NEAR_20 = between(15, 25, 'confirmed if the effective rank lies between 15 and 25');

/** Entropic effective rank of ΔW after a short run at the tuned learning rate, mean over layers. */
const updateRank = (results: Results, rank: number): SeedValues =>
  ablatedRuns(results, 'svd', rank)?.map(({ updateEffectiveRank }) => updateEffectiveRank);

const sayRanks = (results: Results): string =>
  saySeries(
    'effective rank',
    sweepRanks(results.scale).map((rank) => [`at K = ${rank}`, updateRank(results, rank)]),
  );

const nearTwenty = (which: 'half' | 'largest', source: string): Claim => ({
  id: `paper83-update-rank/near-20-${which}`,
  rows: ['M15'],
  statement: `Updates constrained to K = ${source} have an effective rank near 20.`,
  sourceFigure: 'ER ≈ 20, later called an artefact',
  quantity: `entropic effective rank of ΔW at ${which === 'half' ? 'half of the largest K' : 'the largest K'}`,
  rule: NEAR_20,
  measure: (results) => sampleOf(updateRank(results, sourceRanks(results.scale)[which])),
  why: sayRanks,
});

function table(results: Results): ExperimentTable {
  const shares = (rank: number) => updateRank(results, rank)?.map((value) => value / rank);
  return {
    title: 'Effective rank of the update',
    caption:
      `Entropic effective rank of ΔW = U M Vᵀ after ${results.scale.shortSteps} steps, mean over layers. ` +
      'It cannot exceed K; a K × K core of independent entries has a large, fixed share of K.',
    setting: results.setting.name,
    columns: ['K', 'effective rank', 'share of K'],
    rows: sweepRanks(results.scale).map((rank) => [
      rank,
      cell(updateRank(results, rank)),
      cell(shares(rank)),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  const ranks = sweepRanks(results.scale);
  return {
    title: 'Effective rank of the update against K',
    caption: 'Entropic effective rank of ΔW with 95 % intervals over seeds; no update exceeds its K.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'effective rank of ΔW',
    xScale: 'log',
    yScale: 'log',
    series: [
      curve(
        'measured',
        ranks.map((rank) => [rank, updateRank(results, rank)] as const),
      ),
      { name: 'K', kind: 'ceiling', points: ranks.map((rank) => ({ x: rank, y: rank })) },
    ],
  };
}

export const paper83UpdateRank: Experiment = {
  name: 'paper83-update-rank',
  title: 'Effective rank of K-constrained updates (Paper 83)',
  question: 'Have updates an effective rank of their own, near 20, or the one that K gives them?',
  method:
    'CT-LoRA in the singular vectors of the weights at the tuned learning rate of each K. The singular values of ΔW ' +
    'at the end of the run are those of the core; their entropic effective rank (Roy & Vetterli) is averaged over ' +
    'layers.',
  settings: ['random-start', 'pretrained'],
  trials: (results) => sweepRanks(results.scale).flatMap((rank) => ablatedTrials(results, 'svd', rank)),
  claims: [
    nearTwenty('half', '32'),
    nearTwenty('largest', '64'),
    {
      id: 'paper83-update-rank/grows',
      rows: ['M15'],
      statement: 'The effective rank of updates is an artefact of K: it grows with it.',
      sourceFigure: 'Paper 83 revised: artefact',
      quantity: 'effective rank at the largest K over that at half of it',
      rule: above(
        1.5,
        'confirmed if doubling K raises the effective rank by more than half; a rank of its own gives 1',
      ),
      measure: (results) => {
        const { largest, half } = sourceRanks(results.scale);
        return sampleOf(perSeed([updateRank(results, largest), updateRank(results, half)], (a, b) => a / b));
      },
      why: sayRanks,
    },
  ],
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes: (results) => [
    `A core of K × K has an effective rank of at most K, so no K below 15 can be near 20. ${sayRanks(results)}`,
  ],
};
