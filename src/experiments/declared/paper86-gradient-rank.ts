/** M18: is the effective rank of the gradient dynamic, 5 → 19 → 9? */
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import {
  above,
  between,
  curve,
  perSeed,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
  saySeries,
} from '../readings/seed-values.ts';
import { cell, observedAt, observedTrials } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import type { EffectiveRanks } from '../trial.ts';

type Kind = keyof EffectiveRanks;

const KINDS: readonly (readonly [Kind, string])[] = [
  ['batch', 'gradient of single batches'],
  ['mean', 'mean gradient of several batches'],
  ['weights', 'weights'],
];

const ranksAt = (results: Results, kind: Kind, step: number): SeedValues =>
  observedAt(results, sourceRanks(results.scale).largest, step)?.map(({ ranks }) => ranks[kind]);

/** A figure of each seed's effective ranks in the order of the observed steps. */
const overSteps = (results: Results, kind: Kind, figure: (...ranks: number[]) => number): SeedValues =>
  perSeed(
    results.scale.observedSteps.map((step) => ranksAt(results, kind, step)),
    figure,
  );

const spread = (...ranks: number[]): number => Math.max(...ranks) / Math.min(...ranks);

/** How far the mean of the steps between lies above both ends. */
const bulge = (...ranks: number[]): number => mean(ranks.slice(1, -1)) - Math.max(ranks[0]!, ranks.at(-1)!);

const sayOverSteps = (results: Results, kind: Kind): string =>
  saySeries(
    'effective rank',
    results.scale.observedSteps.map((step) => [`at step ${step}`, ranksAt(results, kind, step)]),
  );

/** The source speaks of one gradient: that of single batches, or of what they share. */
function gradientClaims(kind: 'batch' | 'mean'): Claim[] {
  const of = kind === 'batch' ? 'a single batch’s gradient' : 'the mean gradient of several batches';
  const common = { rows: ['M18'], why: (results: Results) => sayOverSteps(results, kind) };
  return [
    {
      ...common,
      id: `paper86-gradient-rank/dynamic-${kind}`,
      statement: `The effective rank of ${of} is dynamic: it changes during training.`,
      sourceFigure: '5 → 19 → 9',
      quantity: 'highest over lowest effective rank of the observed steps',
      rule: above(1.5, 'confirmed if it changes by more than half; the source’s changes 3.8-fold'),
      measure: (results) => sampleOf(overSteps(results, kind, spread)),
    },
    {
      ...common,
      id: `paper86-gradient-rank/rise-and-fall-${kind}`,
      statement: `The effective rank of ${of} first rises, then falls.`,
      sourceFigure: '5 → 19 → 9',
      quantity:
        'mean effective rank of the steps between, less the higher one of the first and the last step',
      rule: above(0, 'confirmed if it is higher in between than at both ends'),
      measure: (results) => sampleOf(overSteps(results, kind, bulge)),
    },
    {
      ...common,
      id: `paper86-gradient-rank/low-${kind}`,
      statement: `The effective rank of ${of} is 5 to 19.`,
      sourceFigure: '5–19',
      quantity: 'mean effective rank over the observed steps',
      rule: between(5, 19, 'confirmed if it lies between 5 and 19'),
      measure: (results) => sampleOf(overSteps(results, kind, (...ranks) => mean(ranks))),
    },
  ];
}

function table(results: Results): ExperimentTable {
  const { observedSteps } = results.scale;
  return {
    title: 'Effective ranks during training',
    caption:
      'Entropic effective rank, mean over layers. An observation at step s has s − 1 updates behind it. The mean ' +
      'gradient still holds some noise: its rank is an upper bound for that of the signal.',
    setting: results.setting.name,
    columns: ['', ...observedSteps.map((step) => `Step ${step}`)],
    rows: KINDS.map(([kind, words]) => [
      words,
      ...observedSteps.map((step) => cell(ranksAt(results, kind, step))),
    ]),
    source: {
      columns: ['', 'first', 'then', 'last'],
      rows: [
        ['true gradient', 5, 19, 9],
        ['weights', '205–256', null, null],
      ],
    },
  };
}

function figures(results: Results): ExperimentFigure[] {
  const common = {
    setting: results.setting.name,
    xLabel: 'step',
    yLabel: 'entropic effective rank',
    xScale: 'linear',
    yScale: 'linear',
  } as const;
  const series = (kinds: readonly Kind[]) =>
    KINDS.filter(([kind]) => kinds.includes(kind)).map(([kind, words]) =>
      curve(
        words,
        results.scale.observedSteps.map((step) => [step, ranksAt(results, kind, step)] as const),
      ),
    );
  return [
    {
      ...common,
      title: 'Effective rank of the gradient',
      caption: 'Of single batches and of the mean over batches, mean over layers; 95 % intervals over seeds.',
      series: series(['batch', 'mean']),
    },
    {
      ...common,
      title: 'Effective rank of the weights',
      caption: 'Mean over layers, the adapter’s update included; 95 % intervals over seeds.',
      series: series(['weights']),
    },
  ];
}

export const paper86GradientRank: Experiment = {
  name: 'paper86-gradient-rank',
  title: 'Effective rank of the true gradient (Paper 86)',
  question:
    'Does the effective rank of the gradient rise and fall during training, far below that of the weights?',
  method:
    'CT-LoRA at the largest K in the singular vectors of the weights, at its tuned learning rate. At the source’s ' +
    'steps the whole gradient of single batches, and the mean gradient of several batches, is decomposed layer by ' +
    'layer. Noise of single batches spreads over many directions and raises the former; the mean is nearer to what ' +
    'batches share.',
  settings: ['random-start', 'pretrained', 'real'],
  trials: (results) => observedTrials(results, sourceRanks(results.scale).largest),
  claims: [
    ...gradientClaims('batch'),
    ...gradientClaims('mean'),
    {
      id: 'paper86-gradient-rank/weights',
      rows: ['M18'],
      settings: ['random-start', 'pretrained'],
      statement: 'Weights have an effective rank of 205 to 256 (the source’s matrices are 256 wide).',
      sourceFigure: '205–256',
      quantity: 'mean effective rank of the weights over the observed steps',
      rule: between(205, 256, 'confirmed if it lies between 205 and 256'),
      measure: (results) => sampleOf(overSteps(results, 'weights', (...ranks) => mean(ranks))),
      why: (results) => sayOverSteps(results, 'weights'),
    },
    {
      id: 'paper86-gradient-rank/far-below-weights',
      rows: ['M18'],
      statement: 'The effective rank of the gradient is much smaller than that of the weights.',
      sourceFigure: '5–19 against 205–256',
      quantity: 'effective rank of the weights over that of a single batch’s gradient, at the first step',
      rule: above(
        5,
        'confirmed if it is more than five times that of the gradient; the source has 11 or more',
      ),
      measure: (results) => sampleOf(atFirst(results, 'weights', 'batch', (a, b) => a / b)),
      why: (results) => sayFirst(results),
    },
    {
      id: 'paper86-gradient-rank/noise-inflates',
      rows: ['M18'],
      statement: 'Noise raises the effective rank of single batches above that of what they share.',
      sourceFigure: '',
      quantity:
        'effective rank of a single batch’s gradient − that of the mean of several, at the first step',
      rule: above(0, 'confirmed if it falls when batches are averaged'),
      measure: (results) => sampleOf(atFirst(results, 'batch', 'mean', (a, b) => a - b)),
      why: (results) => sayFirst(results),
    },
  ],
  tables: (results) => [table(results)],
  figures,
  notes,
};

/** Averaging takes noise away, which lowers the rank, and brings tokens together, which gives it room. */
function notes(results: Results): string[] {
  const ratios = atFirst(results, 'mean', 'batch', (shared, single) => shared / single);
  if (ratios === undefined) return [];
  const { batchSize, seqLen } = results.setting;
  return [
    `At the first step the mean gradient has ${say(mean(ratios))} times the effective rank of a single batch’s. Averaging takes noise away, which lowers it, and adds tokens, which raises its limit: a gradient of ${batchSize} × ${seqLen} tokens has a rank of ${say(batchSize * seqLen)} at most, whatever the signal.`,
  ];
}

function atFirst(results: Results, a: Kind, b: Kind, figure: (...values: number[]) => number): SeedValues {
  const first = results.scale.observedSteps[0]!;
  return perSeed([ranksAt(results, a, first), ranksAt(results, b, first)], figure);
}

function sayFirst(results: Results): string {
  const first = results.scale.observedSteps[0]!;
  return sayMeans(
    KINDS.map(([kind, words]) => [`effective rank of the ${words}`, ranksAt(results, kind, first)]),
  );
}
