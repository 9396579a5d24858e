/** M11: do gradients turn less from step to step where coverage is high? */
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Experiment, Results } from '../experiment.ts';
import {
  above,
  below,
  curve,
  perSeed,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
  saySeries,
} from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks, sweepRanks } from '../readings/source-ranks.ts';
import { startCoverage, startCoverageTrials } from '../readings/start-coverage.ts';
import {
  frozenRuns,
  frozenTrials,
  type WatchedRun,
  watchedRuns,
  watchedTrials,
} from '../readings/watched.ts';

type Kind = Exclude<keyof WatchedRun['watch'], 'fixedLosses'>;

const KINDS: readonly (readonly [Kind, string])[] = [
  ['projectedFresh', 'projected, fresh batches'],
  ['projectedFixed', 'projected, fixed batch'],
  ['fullFresh', 'full, fresh batches'],
  ['fullFixed', 'full, fixed batch'],
];

/** Coverage below which the source sees a dead zone, and from which on it sees reliable steps. */
const UNDER_THRESHOLD = 0.05;
const RELIABLE = 0.07;

/** Ranks at which the weights also stand still. */
const frozenRanks = ({ scale }: Results): number[] => {
  const { quarter, half, largest } = sourceRanks(scale);
  return [quarter, half, largest];
};

/** Mean cosine of a step's gradient with the one before, over a run. */
const consistency = (results: Results, rank: number, kind: Kind): SeedValues =>
  meanCosines(watchedRuns(results, rank), kind);

const frozenConsistency = (results: Results, rank: number, kind: Kind): SeedValues =>
  meanCosines(frozenRuns(results, rank), kind);

const meanCosines = (runs: readonly WatchedRun[] | undefined, kind: Kind): SeedValues =>
  runs?.map(({ watch }) => mean(watch[kind]));

/** By how much more consistency rises from a quarter to half than at the doublings on either side of that. */
function jump(results: Results): SeedValues {
  const { eighth, quarter, half, largest } = sourceRanks(results.scale);
  const at = (rank: number) => consistency(results, rank, 'projectedFresh');
  const rise = (from: number, to: number) => perSeed([at(from), at(to)], (a, b) => b - a);
  const after = rise(half, largest);
  const around = sweepRanks(results.scale).includes(eighth)
    ? perSeed([rise(eighth, quarter), after], (a, b) => (a + b) / 2)
    : after;
  return perSeed([rise(quarter, half), around], (a, b) => a - b);
}

/** Ranks whose mean coverage at the start is below the threshold, and those in the reliable zone. */
function zones(results: Results): { under: number[]; reliable: number[] } | undefined {
  const coverages = sweepRanks(results.scale).map((rank) => {
    const values = startCoverage(results, rank);
    return { rank, coverage: values && mean(values) };
  });
  const under = coverages.filter(({ coverage }) => coverage !== undefined && coverage < UNDER_THRESHOLD);
  const reliable = coverages.filter(({ coverage }) => coverage !== undefined && coverage >= RELIABLE);
  if (under.length === 0 || reliable.length === 0) return undefined;
  return { under: under.map(({ rank }) => rank), reliable: reliable.map(({ rank }) => rank) };
}

function zoneConsistency(results: Results, zone: 'under' | 'reliable'): SeedValues {
  const ranks = zones(results)?.[zone];
  if (ranks === undefined) return undefined;
  return perSeed(
    ranks.map((rank) => consistency(results, rank, 'projectedFresh')),
    (...values) => mean(values),
  );
}

const halfOverQuarter = (results: Results, kind: Kind): SeedValues => {
  const { quarter, half } = sourceRanks(results.scale);
  return perSeed(
    [consistency(results, half, kind), consistency(results, quarter, kind)],
    (wide, narrow) => wide - narrow,
  );
};

const sayKinds = (results: Results, rank: number, kinds: readonly Kind[]): string =>
  sayMeans(
    KINDS.filter(([kind]) => kinds.includes(kind)).map(([kind, words]) => [
      `${words} at K = ${rank}`,
      consistency(results, rank, kind),
    ]),
  );

function sayQuarterAndHalf(results: Results, kind: Kind): string {
  const { quarter, half } = sourceRanks(results.scale);
  return sayMeans([
    [`cosine at K = ${quarter}`, consistency(results, quarter, kind)],
    [`cosine at K = ${half}`, consistency(results, half, kind)],
  ]);
}

function table(results: Results): ExperimentTable {
  const frozen = frozenRanks(results);
  const rows = sweepRanks(results.scale).map((rank) => [
    rank,
    cell(startCoverage(results, rank)),
    ...KINDS.map(([kind]) => cell(consistency(results, rank, kind))),
    ...(['projectedFresh', 'fullFresh'] as const).map((kind) =>
      frozen.includes(rank) ? cell(frozenConsistency(results, rank, kind)) : null,
    ),
  ]);
  return {
    title: 'Cosine of consecutive gradients',
    caption:
      'Mean over the steps of a run. Coverage is that of the first step. With the weights standing still, the fixed ' +
      'batch gives 1 and fresh batches give what noise leaves.',
    setting: results.setting.name,
    columns: [
      'K',
      'coverage',
      ...KINDS.map(([, words]) => words),
      'projected, fresh, weights frozen',
      'full, fresh, weights frozen',
    ],
    rows,
    source: null,
  };
}

function figures(results: Results): ExperimentFigure[] {
  const ranks = sweepRanks(results.scale);
  const { quarter, half, largest } = sourceRanks(results.scale);
  const common = { setting: results.setting.name, yScale: 'linear' as const };
  return [
    {
      ...common,
      title: 'Consistency of direction against K',
      caption: 'Cosine of a step’s gradient with the one before, mean over a run; 95 % intervals over seeds.',
      xLabel: 'K',
      yLabel: 'cosine of consecutive gradients',
      xScale: 'log',
      series: [
        ...KINDS.map(([kind, words]) =>
          curve(
            words,
            ranks.map((rank) => [rank, consistency(results, rank, kind)] as const),
          ),
        ),
        curve(
          'projected, fresh batches, weights frozen',
          frozenRanks(results).map((rank) => [rank, frozenConsistency(results, rank, 'projectedFresh')]),
          'points',
        ),
      ],
    },
    {
      ...common,
      title: 'Consistency of direction over a run',
      caption: 'Cosine of the projected gradient of a step’s own batch with the one of the step before.',
      xLabel: 'step',
      yLabel: 'cosine of consecutive gradients',
      xScale: 'linear',
      series: [quarter, half, largest].map((rank) => {
        const runs = watchedRuns(results, rank);
        const steps = Math.min(...(runs ?? []).map(({ watch }) => watch.projectedFresh.length));
        return curve(
          `K = ${rank}`,
          Array.from({ length: runs === undefined ? 0 : steps }, (_, index) => [
            index + 2,
            runs!.map(({ watch }) => watch.projectedFresh[index]!),
          ]),
        );
      }),
    },
  ];
}

function sayZones(results: Results): string {
  const ranks = zones(results);
  return ranks === undefined
    ? `No ranks on both sides of the source’s zone (coverage ${say(UNDER_THRESHOLD)} to ${say(RELIABLE)}) were measured.`
    : `Coverage at the start is below ${say(UNDER_THRESHOLD)} at K = ${ranks.under.join(', ')}, and ${say(RELIABLE)} or more at K = ${ranks.reliable.join(', ')}.`;
}

function notes(results: Results): string[] {
  const { quarter, half, largest } = sourceRanks(results.scale);
  const frozen = saySeries(
    'cosine',
    [quarter, half, largest].map((rank) => [
      `at K = ${rank}`,
      frozenConsistency(results, rank, 'projectedFresh'),
    ]),
  );
  return [
    'The cosine of a projected gradient with its own full gradient is its coverage: that is an identity, and says nothing of how steady the direction is from step to step.',
    `Fresh batches with the weights standing still show the noise of batches alone, inside the frames of each rank. ${frozen}`,
    `The fixed batch shows the turning that the movement of the weights causes. ${sayKinds(results, quarter, ['projectedFixed', 'fullFixed'])} ${sayKinds(results, half, ['projectedFixed', 'fullFixed'])}`,
    sayZones(results),
    'Learning rates are tuned per rank, and a larger rate turns gradients more; what an Adam step does with a gradient is a further matter.',
  ];
}

export const paper88Direction: Experiment = {
  name: 'paper88-direction',
  title: 'Consecutive gradient directions (Paper 88)',
  question: 'Do projected gradients change direction at random below a coverage, and keep it above?',
  method:
    'CT-LoRA runs in the singular vectors of the weights at the tuned learning rate of each K. Before every update ' +
    'the gradient of the core (projected) and of the whole weights (full) is taken on the step’s own batch (fresh) ' +
    'and on one batch that stays the same (fixed), all layers as one vector, and compared with that of the step ' +
    'before. The same with the weights standing still, at three ranks.',
  settings: ['random-start', 'pretrained'],
  trials: (results) => [
    ...startCoverageTrials(results),
    ...sweepRanks(results.scale).flatMap((rank) => watchedTrials(results, rank)),
    ...frozenRanks(results).flatMap((rank) => frozenTrials(results, rank)),
  ],
  claims: [
    {
      id: 'paper88-direction/lower-at-quarter',
      rows: ['M11'],
      statement: 'K = 16 has less consistent gradient directions than K = 32, as training sees them.',
      sourceFigure: 'expected, not measured',
      quantity: 'cosine(half of the largest K) − cosine(a quarter of it), projected, fresh batches',
      rule: above(0, 'confirmed if the cosine of consecutive steps is higher at half of the largest K'),
      measure: (results) => sampleOf(halfOverQuarter(results, 'projectedFresh')),
      why: (results) => sayQuarterAndHalf(results, 'projectedFresh'),
    },
    {
      id: 'paper88-direction/lower-at-quarter-fixed',
      rows: ['M11'],
      statement: 'K = 16 has less consistent gradient directions than K = 32, batch noise left aside.',
      sourceFigure: 'expected, not measured',
      quantity: 'cosine(half of the largest K) − cosine(a quarter of it), projected, one fixed batch',
      rule: above(0, 'confirmed if the cosine of consecutive steps is higher at half of the largest K'),
      measure: (results) => sampleOf(halfOverQuarter(results, 'projectedFixed')),
      why: (results) => sayQuarterAndHalf(results, 'projectedFixed'),
    },
    {
      id: 'paper88-direction/random-at-quarter',
      rows: ['M11'],
      statement: 'K = 16 shows random direction changes.',
      sourceFigure: 'expected, not measured',
      quantity: 'cosine of consecutive projected gradients at a quarter of the largest K, fresh batches',
      rule: below(0.1, 'confirmed if the mean cosine is below 0.1; unrelated directions have 0'),
      measure: (results) =>
        sampleOf(consistency(results, sourceRanks(results.scale).quarter, 'projectedFresh')),
      why: (results) =>
        sayKinds(results, sourceRanks(results.scale).quarter, ['projectedFresh', 'fullFresh']),
    },
    {
      id: 'paper88-direction/stable-at-half',
      rows: ['M11'],
      statement: 'K = 32 shows stable gradient directions.',
      sourceFigure: 'expected, not measured',
      quantity: 'cosine of consecutive projected gradients at half of the largest K, fresh batches',
      rule: above(
        0.5,
        'confirmed if the mean cosine is above 0.5: the larger part of a step is that of the last',
      ),
      measure: (results) => sampleOf(consistency(results, sourceRanks(results.scale).half, 'projectedFresh')),
      why: (results) => sayKinds(results, sourceRanks(results.scale).half, ['projectedFresh', 'fullFresh']),
    },
    {
      id: 'paper88-direction/threshold',
      rows: ['M9', 'M11'],
      statement:
        'Between K = 16 and K = 32 lies a threshold of consistency, not one more step of a smooth rise.',
      sourceFigure: 'expected, not measured',
      quantity:
        'rise of the cosine from a quarter to half of the largest K, less the rise at the next doublings',
      rule: above(0, 'confirmed if the cosine rises more there than at the doublings on either side'),
      measure: (results) => sampleOf(jump(results)),
      why: (results) =>
        saySeries(
          'cosine',
          sweepRanks(results.scale).map((rank) => [
            `at K = ${rank}`,
            consistency(results, rank, 'projectedFresh'),
          ]),
        ),
    },
    {
      id: 'paper88-direction/by-coverage',
      rows: ['M9', 'M11'],
      statement:
        'Below a coverage of 0.05 updates are inconsistent, above 0.07 they are directionally reliable.',
      sourceFigure: 'threshold at coverage 0.05 to 0.07',
      quantity:
        'cosine over ranks with coverage ≥ 0.07, less that over ranks with coverage < 0.05, fresh batches',
      rule: above(0, 'confirmed if ranks above the zone are more consistent than ranks below it'),
      measure: (results) =>
        sampleOf(
          perSeed([zoneConsistency(results, 'reliable'), zoneConsistency(results, 'under')], (a, b) => a - b),
        ),
      why: (results) =>
        zones(results) === undefined
          ? sayZones(results)
          : sayMeans([
              ['cosine of ranks below the zone', zoneConsistency(results, 'under')],
              ['cosine of ranks above it', zoneConsistency(results, 'reliable')],
            ]),
    },
    {
      id: 'paper88-direction/projection',
      rows: ['M11'],
      statement: 'At K = 16 the projection makes directions less consistent than those of the full gradient.',
      sourceFigure: 'implied: the projected direction is far from the true one',
      quantity: 'cosine(full) − cosine(projected) at a quarter of the largest K, fresh batches',
      rule: above(0, 'confirmed if consecutive full gradients agree more than consecutive projected ones'),
      measure: (results) => {
        const { quarter } = sourceRanks(results.scale);
        return sampleOf(
          perSeed(
            [consistency(results, quarter, 'fullFresh'), consistency(results, quarter, 'projectedFresh')],
            (full, projected) => full - projected,
          ),
        );
      },
      why: (results) =>
        sayKinds(results, sourceRanks(results.scale).quarter, ['projectedFresh', 'fullFresh']),
    },
  ],
  tables: (results) => [table(results)],
  figures,
  notes,
};
