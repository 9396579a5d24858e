/** Phase A (M1, M2, M6, M9): coverage at every K and at several steps, and the law that it follows. */
import { mean, slopeThroughOrigin } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import {
  coverageAt,
  energyRatio,
  exponent,
  exponentAt,
  firstStep,
  growth,
  largestOf,
  nullAt,
  nullSlopeAt,
  overNull,
  ratio,
  slopeAt,
} from '../readings/observed-coverage.ts';
import {
  between,
  curve,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
  saySeries,
} from '../readings/seed-values.ts';
import { cell, observedTrials } from '../readings/shared.ts';
import { type SourceRanks, sourceRanks } from '../readings/source-ranks.ts';
import { RANK_WORDS } from './rank-words.ts';
import { SOURCE_COVERAGE, SOURCE_RANKS, SOURCE_STEPS } from './source-tables.ts';

/** What the source says of each rank's coverage; its bounds are 0.05, 0.07 and 0.13. */
const REGIMES: readonly {
  readonly which: keyof SourceRanks;
  readonly rank: number;
  readonly label: string;
  readonly low: number | null;
  readonly high: number | null;
  readonly words: string;
  readonly seen: string;
}[] = [
  {
    which: 'quarter',
    rank: 16,
    label: 'dead zone',
    low: null,
    high: 0.05,
    words: 'below 0.05',
    seen: '0.033',
  },
  {
    which: 'half',
    rank: 32,
    label: 'working point',
    low: 0.05,
    high: 0.13,
    words: 'from 0.05 to 0.13',
    seen: '0.068',
  },
  {
    which: 'largest',
    rank: 64,
    label: 'premium',
    low: 0.13,
    high: null,
    words: '0.13 or more',
    seen: '0.131',
  },
];

const regimeClaims: Claim[] = REGIMES.map(({ which, rank, label, low, high, words, seen }) => ({
  id: `paper87-a/regime-${which}`,
  rows: ['M9'],
  statement: `K = ${rank} lies in the regime “${label}”: its coverage at the first step is ${words}.`,
  sourceFigure: seen,
  quantity: `coverage at the first step, ${RANK_WORDS[which]}`,
  rule: { low, high, words: `confirmed if coverage is ${words}` },
  measure: (results) => sampleOf(coverageAt(results, sourceRanks(results.scale)[which], firstStep(results))),
  why: (results) =>
    sayMeans([
      [
        `coverage at K = ${sourceRanks(results.scale)[which]}`,
        coverageAt(results, sourceRanks(results.scale)[which], firstStep(results)),
      ],
      ['of random frames', nullAt(results, sourceRanks(results.scale)[which], firstStep(results))],
    ]),
}));

const claims: readonly Claim[] = [
  {
    id: 'paper87-a/doubling',
    rows: ['M1'],
    statement:
      'K = 64 captures 93.8 % more of the gradient than K = 32 (of its norm; the source says energy).',
    sourceFigure: '0.131 against 0.068',
    quantity: 'coverage(largest K) / coverage(half), first step',
    rule: between(1.8, 2.1, 'confirmed if the ratio is between 1.8 and 2.1: nearly twice'),
    measure: (results) => {
      const { largest, half } = sourceRanks(results.scale);
      const step = firstStep(results);
      return sampleOf(ratio(coverageAt(results, largest, step), coverageAt(results, half, step)));
    },
    why: (results) => {
      const { largest, half } = sourceRanks(results.scale);
      const step = firstStep(results);
      return sayMeans([
        [`coverage at K = ${largest}`, coverageAt(results, largest, step)],
        [`at K = ${half}`, coverageAt(results, half, step)],
        ['ratio of energies', energyRatio(results)],
      ]);
    },
  },
  {
    id: 'paper87-a/linear',
    rows: ['M1', 'M6'],
    statement: 'Coverage scales linearly with K.',
    sourceFigure: `0.00205 · K; exponent ${say(exponent(SOURCE_RANKS, sourceColumn(0)))} in its own table`,
    quantity: 'exponent b of coverage = a · K^b over the ranks, first step',
    rule: between(0.9, 1.1, 'confirmed if the exponent is between 0.9 and 1.1'),
    measure: (results) => sampleOf(exponentAt(results, firstStep(results))),
    why: (results) =>
      saySeries(
        'coverage per dimension',
        results.scale.ranks.map((rank) => [
          `at K = ${rank}`,
          coverageAt(results, rank, firstStep(results))?.map((value) => value / rank),
        ]),
      ),
  },
  {
    id: 'paper87-a/uniform',
    rows: ['M6'],
    statement:
      'Gradient energy is spread uniformly and the SVD directions are not privileged: every dimension adds what a random one adds.',
    sourceFigure: '0.00205 per dimension, as 1/√(mn) for mn ≈ 488²',
    quantity: 'coverage of the SVD frame / its exact null K/√(mn), geometric mean over the ranks, first step',
    rule: between(0.8, 1.25, 'confirmed if the ratio is between 0.8 and 1.25, a quarter more or less'),
    measure: (results) => sampleOf(overNull(results, firstStep(results))),
    why: (results) =>
      sayMeans([
        ['coverage per dimension through the origin', slopeAt(results, firstStep(results))],
        ['its null 1/√(mn)', nullSlopeAt(results, firstStep(results))],
      ]),
  },
  {
    id: 'paper87-a/grows-slightly',
    rows: ['M2'],
    statement: 'Coverage is stable over training and grows slightly.',
    sourceFigure: '0.131 → 0.157 at K = 64 (1.20×), 0.003 → 0.005 at K = 2 (1.67×)',
    quantity: 'coverage at the last observed step / at the first, largest K',
    rule: between(
      1,
      1.7,
      'confirmed if the ratio is between 1 and 1.7, the most that the source calls stable',
    ),
    measure: (results) => sampleOf(growth(results, largestOf(results))),
    why: (results) =>
      saySeries(
        'coverage',
        results.scale.observedSteps.map((step) => [
          `at step ${step}`,
          coverageAt(results, largestOf(results), step),
        ]),
      ),
  },
  ...regimeClaims,
];

function sourceColumn(column: number): number[] {
  return SOURCE_COVERAGE.map((row) => row[column]!);
}

function coverageTable(results: Results): ExperimentTable {
  const { ranks, observedSteps } = results.scale;
  return {
    title: 'Coverage by K and step',
    caption:
      'SVD frames of the starting weights, all layers together, along runs of the largest K; 95 % intervals over seeds.',
    setting: results.setting.name,
    columns: ['K', ...observedSteps.map((step) => `Step ${step}`)],
    rows: ranks.map((rank) => [rank, ...observedSteps.map((step) => cell(coverageAt(results, rank, step)))]),
    source: {
      columns: ['K', ...SOURCE_STEPS.map((step) => `Step ${step}`)],
      rows: SOURCE_RANKS.map((rank, row) => [rank, ...SOURCE_COVERAGE[row]!]),
    },
  };
}

function fitTable(results: Results): ExperimentTable {
  return {
    title: 'The linear law',
    caption:
      'Fits over K at each step: through the origin, coverage = a · K, beside the exact null 1/√(mn) per dimension; and free, coverage ∝ K^b.',
    setting: results.setting.name,
    columns: ['step', 'a', 'null 1/√(mn)', 'coverage / null', 'b'],
    rows: results.scale.observedSteps.map((step) => [
      step,
      cell(slopeAt(results, step)),
      cell(nullSlopeAt(results, step)),
      cell(overNull(results, step)),
      cell(exponentAt(results, step)),
    ]),
    source: {
      columns: ['step', 'a', 'b'],
      rows: SOURCE_STEPS.map((step, column) => [
        step,
        slopeThroughOrigin(SOURCE_RANKS, sourceColumn(column)),
        exponent(SOURCE_RANKS, sourceColumn(column)),
      ]),
    },
  };
}

function figure(results: Results): ExperimentFigure {
  const { ranks, observedSteps } = results.scale;
  const series = (name: string, of: (rank: number) => SeedValues, kind: 'line' | 'null' = 'line') =>
    curve(
      name,
      ranks.map((rank) => [rank, of(rank)] as const),
      kind,
    );
  const slope = slopeAt(results, firstStep(results));
  return {
    title: 'Coverage against K',
    caption: 'Both axes logarithmic: a linear law has slope one. 95 % intervals over seeds.',
    setting: results.setting.name,
    xLabel: 'K',
    yLabel: 'coverage',
    xScale: 'log',
    yScale: 'log',
    series: [
      series('null K/√(mn)', (rank) => nullAt(results, rank, firstStep(results)), 'null'),
      ...observedSteps.map((step) => series(`step ${step}`, (rank) => coverageAt(results, rank, step))),
      series('fit a · K, first step', (rank) => slope?.map((value) => value * rank)),
    ],
  };
}

function notes(results: Results): string[] {
  const coverage = coverageAt(results, largestOf(results), firstStep(results));
  return [
    'Coverage is a ratio of norms; its square is the share of the gradient’s energy. The projection is orthogonal, so the cosine between projected and full gradient equals coverage: that is an identity, not a finding.',
    'A coverage of K/√(mn) is what random frames have, whatever the gradient; a linear law at that slope tells of the shapes of the matrices, not of how energy is spread.',
    ...(coverage
      ? [
          `At K = ${largestOf(results)} a coverage of ${say(mean(coverage))} is ${say(100 * mean(coverage) ** 2)} % of the energy.`,
        ]
      : []),
  ];
}

export const paper87A: Experiment = {
  name: 'paper87-a',
  title: 'Coverage by K and step (Phase A)',
  question: 'How does coverage depend on K and on the training step, and is it more than random frames have?',
  method:
    'CT-LoRA of the largest K in the singular vectors of the weights, at its tuned learning rate. At each observed ' +
    'step the coverage of every K is taken from one pass over the same batches, because frames nest. The null comes ' +
    'from the shapes of the layers, weighed by their gradient energy.',
  settings: ['random-start', 'pretrained', 'real'],
  trials: (results) => observedTrials(results, largestOf(results)),
  claims,
  tables: (results) => [coverageTable(results), fitTable(results)],
  figures: (results) => [figure(results)],
  notes,
};
