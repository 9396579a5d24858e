/** Phase B (M3): final loss against coverage, the confounder K, and a control that holds K fixed. */
import { mean, pearson } from '../../numeric/index.ts';
import type { Basis, ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { ladderTrials, perSeedLadder, rankLadder } from '../readings/rank-ladder.ts';
import {
  above,
  below,
  curve,
  perSeed,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
} from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { type SourceRanks, sourceRanks } from '../readings/source-ranks.ts';
import { startLosses, startPoints, startTrials } from '../readings/start-points.ts';
import { bestLearningRate, coreArm, tunedLosses, tunedTrials } from '../tuning.ts';
import { RANK_WORDS } from './rank-words.ts';
import { SOURCE_LOSSES, SOURCE_RANKS, SOURCE_START_COVERAGE } from './source-tables.ts';

/** Frames that move coverage while K and the number of parameters stay. */
const CONTROL_BASES: readonly Basis[] = ['svd', 'random', 'gradient', 'natural'];

const CONTROL_RANKS: readonly (keyof SourceRanks)[] = ['largest', 'quarter'];

const coverageR = (results: Results): SeedValues =>
  perSeedLadder(results, (_, coverage, losses) => pearson(coverage, losses));

const rankR = (results: Results): SeedValues =>
  perSeedLadder(results, (ranks, _, losses) => pearson(ranks, losses));

/** |r(coverage, loss)| − |r(K, loss)|. */
const excess = (results: Results): SeedValues =>
  perSeedLadder(
    results,
    (ranks, coverage, losses) => Math.abs(pearson(coverage, losses)) - Math.abs(pearson(ranks, losses)),
  );

interface ControlArm {
  readonly basis: Basis;
  readonly coverage: SeedValues;
  readonly losses: SeedValues;
}

const controlArms = (results: Results, rank: number): ControlArm[] =>
  CONTROL_BASES.map((basis) => ({
    basis,
    coverage: startPoints(results, { basis, rank })?.map(({ coverage }) => coverage),
    losses: tunedLosses(results, coreArm(basis, rank), results.scale.shortSteps),
  }));

/** r(coverage, loss) over the bases at one K, one value per seed. */
function controlR(results: Results, rank: number): SeedValues {
  const arms = controlArms(results, rank);
  if (!arms.every(({ coverage, losses }) => coverage !== undefined && losses !== undefined)) return undefined;
  return results.scale.seeds.map((_, seed) =>
    pearson(
      arms.map(({ coverage }) => coverage![seed]!),
      arms.map(({ losses }) => losses![seed]!),
    ),
  );
}

const finalLosses = (results: Results): SeedValues =>
  tunedLosses(results, coreArm('svd', sourceRanks(results.scale).largest), results.scale.shortSteps);

const controlClaims: Claim[] = CONTROL_RANKS.map((which) => ({
  id: `paper87-b/fixed-k-${which}`,
  rows: ['M3'],
  statement:
    'Coverage determines quality: at one K and one number of parameters, frames with more coverage end at a lower loss.',
  sourceFigure: '“entirely determined by gradient coverage”; K was never held fixed',
  quantity: `r(coverage, loss) over ${CONTROL_BASES.join(', ')} frames at ${RANK_WORDS[which]}`,
  rule: below(0, 'confirmed if the correlation has the sign that the claim needs: below 0'),
  measure: (results) => sampleOf(controlR(results, sourceRanks(results.scale)[which])),
  why: (results) =>
    sayMeans(
      controlArms(results, sourceRanks(results.scale)[which]).flatMap(({ basis, coverage, losses }) => [
        [`coverage of ${basis}`, coverage] as const,
        ['its loss', losses] as const,
      ]),
    ),
}));

const claims: readonly Claim[] = [
  {
    id: 'paper87-b/correlation',
    rows: ['M3'],
    statement: 'Over K, the final loss falls as coverage rises, almost perfectly in a straight line.',
    sourceFigure: 'r = −0.9963',
    quantity: 'Pearson’s r(coverage at the first step, tuned loss) over the ranks',
    rule: below(-0.95, 'confirmed if r is below −0.95'),
    measure: (results) => sampleOf(coverageR(results)),
    why: (results) =>
      sayMeans([
        ['r(coverage, loss)', coverageR(results)],
        ['r(K, loss), which needs no coverage', rankR(results)],
      ]),
  },
  {
    id: 'paper87-b/beyond-k',
    rows: ['M3'],
    statement:
      'It is coverage and not K that explains the loss: coverage correlates with it more strongly than K does.',
    sourceFigure: `${say(pearson(SOURCE_START_COVERAGE, SOURCE_LOSSES))} against ${say(pearson(SOURCE_RANKS, SOURCE_LOSSES))} for K, from its own table`,
    quantity: '|r(coverage, loss)| − |r(K, loss)| over the ranks',
    rule: above(0, 'confirmed if the difference is above 0'),
    measure: (results) => sampleOf(excess(results)),
    why: (results) =>
      sayMeans([
        ['r(coverage, loss)', coverageR(results)],
        ['r(K, loss)', rankR(results)],
      ]),
  },
  ...controlClaims,
  {
    id: 'paper87-b/learns',
    rows: ['M5'],
    statement:
      'CT-LoRA learns: with frozen SVD frames and a trained K×K core alone, the held-out loss falls.',
    sourceFigure: '7.7594 at K = 2, 6.0559 at K = 64 after 40 steps',
    quantity: 'held-out loss at the start − after the short run, largest K, nats per token',
    rule: above(0, 'confirmed if the loss falls: the difference is above 0'),
    measure: (results) => sampleOf(perSeed([startLosses(results), finalLosses(results)], (a, b) => a - b)),
    why: (results) =>
      sayMeans([
        ['held-out loss at the start', startLosses(results)],
        ['after the run', finalLosses(results)],
      ]),
  },
];

function lossTable(results: Results): ExperimentTable {
  const { shortSteps } = results.scale;
  const columns = ['K', 'Coverage (step 1)', `Final Loss (${shortSteps} steps)`];
  return {
    title: 'Final loss against coverage',
    caption: `Held-out loss after ${shortSteps} steps, learning rate tuned for each K; 95 % intervals over seeds.`,
    setting: results.setting.name,
    columns: [...columns, 'learning rate'],
    rows: rankLadder(results).map(({ rank, coverage, losses }) => [
      rank,
      cell(coverage),
      cell(losses),
      bestLearningRate(results, coreArm('svd', rank), shortSteps) ?? null,
    ]),
    source: {
      columns: ['K', 'Coverage (step 1)', 'Final Loss (40 steps)'],
      rows: SOURCE_RANKS.map((rank, row) => [rank, SOURCE_START_COVERAGE[row]!, SOURCE_LOSSES[row]!]),
    },
  };
}

function correlationTable(results: Results): ExperimentTable {
  const ranks = sourceRanks(results.scale);
  return {
    title: 'Correlations with the final loss',
    caption:
      'Over a sweep of K coverage and K rise together, so that neither correlation says which of them matters; at a fixed K only coverage moves.',
    setting: results.setting.name,
    columns: ['what varies', 'r(coverage, loss)', 'r(K, loss)'],
    rows: [
      ['K', cell(coverageR(results)), cell(rankR(results))],
      ...CONTROL_RANKS.map((which) => [
        `frames, K = ${ranks[which]}`,
        cell(controlR(results, ranks[which])),
        'K is fixed',
      ]),
    ],
    source: {
      columns: ['what varies', 'r(coverage, loss)', 'r(K, loss)'],
      rows: [['K', pearson(SOURCE_START_COVERAGE, SOURCE_LOSSES), pearson(SOURCE_RANKS, SOURCE_LOSSES)]],
    },
  };
}

function controlTable(results: Results): ExperimentTable {
  return {
    title: 'Frames at a fixed K',
    caption:
      'Held-out loss at the tuned learning rate, and coverage at the start on batches that made none of the frames.',
    setting: results.setting.name,
    columns: ['K', 'basis', 'coverage', 'loss'],
    rows: CONTROL_RANKS.flatMap((which) => {
      const rank = sourceRanks(results.scale)[which];
      return controlArms(results, rank).map(({ basis, coverage, losses }) => [
        rank,
        basis,
        cell(coverage),
        cell(losses),
      ]);
    }),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  const points = (arms: readonly Omit<ControlArm, 'basis'>[]) =>
    arms.flatMap(({ coverage, losses }) =>
      coverage === undefined ? [] : [[mean(coverage), losses] as const],
    );
  return {
    title: 'Final loss against coverage',
    caption:
      'The line is the sweep over K with SVD frames. The points are frames of one K: if coverage were all that counts, they would lie on the line. 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'coverage at the first step',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: [
      curve('SVD frames, sweep over K', points(rankLadder(results))),
      ...CONTROL_RANKS.map((which) => {
        const rank = sourceRanks(results.scale)[which];
        return curve(
          `K = ${rank}, ${CONTROL_BASES.join(', ')}`,
          points(controlArms(results, rank)),
          'points',
        );
      }),
    ],
  };
}

export const paper87B: Experiment = {
  name: 'paper87-b',
  title: 'Final loss against coverage (Phase B)',
  question: 'Does coverage determine the final loss, or does K drive both?',
  method:
    'CT-LoRA at every K of the sweep in the singular vectors of the weights, learning rate tuned for each K; ' +
    'correlations over the sweep for each seed. As a control, K is held fixed and coverage is moved by the choice of frames.',
  settings: ['random-start', 'pretrained'],
  trials: (results) => [
    ...ladderTrials(results),
    ...startTrials(results),
    ...CONTROL_RANKS.flatMap((which) =>
      CONTROL_BASES.flatMap((basis) =>
        tunedTrials(results, coreArm(basis, sourceRanks(results.scale)[which]), results.scale.shortSteps),
      ),
    ),
  ],
  claims,
  tables: (results) => [lossTable(results), correlationTable(results), controlTable(results)],
  figures: (results) => [figure(results)],
  notes: () => [
    `In the source’s own table r(coverage, loss) is ${say(pearson(SOURCE_START_COVERAGE, SOURCE_LOSSES))} and r(K, loss) is ${say(pearson(SOURCE_RANKS, SOURCE_LOSSES))}: the sweep cannot tell coverage from K, nor from the K² parameters that are trained.`,
  ],
};
