/** Which quantity, measured before training or early in it, ranks the tuned losses of arms best? */
import { lnOf } from '../../advice/index.ts';
import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import {
  coreGrid,
  GRID_BASES,
  type GridArm,
  gridJointTrials,
  gridRanks,
  gridTrials,
  isReal,
  type LayerGroup,
  type MeasuredArm,
  measuredArms,
} from '../readings/arm-grid.ts';
import { longCores } from '../readings/long-cores.ts';
import {
  bundledLaw,
  coverage,
  coverageLaw,
  fittedLaw,
  heldOutNatural,
  LAWS,
  longestPilot,
  naturalLaw,
  parameters,
  type Quantity,
  quantitiesOf,
  sketchLaw,
  strength,
  strengthWithin,
} from '../readings/promises.ts';
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
import { startTrials } from '../readings/start-points.ts';
import type { SettingKind } from '../trial.ts';

/** Cores on all layers, over bases and K: the arms that the claims are about. */
const coreArms = (results: Results): GridArm[] => coreGrid(GRID_BASES, gridRanks(results));

const GROUPS: readonly LayerGroup[] = ['attention', 'mlp'];

/** Cores of the largest K on some of the layers; not on a real model. */
const groupArms = (results: Results): GridArm[] =>
  isReal(results)
    ? []
    : GROUPS.flatMap((group) =>
        coreGrid(GRID_BASES, gridRanks(results).slice(-1)).map((arm) => ({ ...arm, group })),
      );

/** One trained factor on a frozen frame, at the middle K, where it has as many parameters as cores of the largest. */
const oneSidedArms = (results: Results): GridArm[] =>
  isReal(results)
    ? []
    : coreGrid(GRID_BASES, gridRanks(results).slice(1, 2)).map((arm) => ({ ...arm, family: 'right' }));

const short = (results: Results, arms: readonly GridArm[]): MeasuredArm[] | undefined =>
  measuredArms(results, arms, results.scale.shortSteps);

const cores = (results: Results): MeasuredArm[] | undefined => short(results, coreArms(results));

/** A set of arms that quantities are judged on. */
interface Scope {
  readonly name: string;
  /** Undefined while a trial is missing, or where the setting has no such arms. */
  arms(results: Results): MeasuredArm[] | undefined;
  readonly judge: typeof strength;
}

const ACROSS: Scope = { name: 'bases × K', arms: cores, judge: strength };
const WITHIN: Scope = { name: 'within each K', arms: cores, judge: strengthWithin };

/** The cores together with arms that a real model does not have. */
const withMore =
  (more: (results: Results) => GridArm[]): Scope['arms'] =>
  (results) =>
    isReal(results) ? undefined : short(results, [...coreArms(results), ...more(results)]);

const SCOPES: readonly Scope[] = [
  ACROSS,
  WITHIN,
  { name: 'with groups of layers', arms: withMore(groupArms), judge: strength },
  { name: 'with family right', arms: withMore(oneSidedArms), judge: strength },
  {
    name: 'long runs',
    arms: (results) =>
      isReal(results) ? undefined : measuredArms(results, longCores(results), results.scale.longSteps),
    judge: strength,
  },
];

const judged = (results: Results, scope: Scope, quantity: Quantity): SeedValues =>
  scope.judge(scope.arms(results), quantity);

interface Contest {
  readonly name: string;
  readonly statement: string;
  readonly scope: Scope;
  better(results: Results): Quantity;
  worse(results: Results): Quantity;
  readonly words: readonly [better: string, worse: string];
  /** Where it is asked; everywhere if left out. */
  readonly settings?: readonly SettingKind[];
}

const CONTESTS: readonly Contest[] = [
  {
    name: 'natural-within-k',
    statement: 'Within a K, held-out ν ranks frames by their loss better than coverage does.',
    scope: WITHIN,
    better: () => heldOutNatural,
    worse: () => coverage,
    words: ['held-out ν', 'coverage'],
  },
  {
    name: 'natural-not-across-k',
    statement: 'Across K, held-out ν alone ranks arms worse than the mere number of parameters does.',
    scope: ACROSS,
    better: () => parameters,
    worse: () => heldOutNatural,
    words: ['parameters', 'held-out ν'],
  },
  {
    name: 'sketch-law',
    statement: 'Across K, the law of our sketches ranks arms better than the number of parameters does.',
    scope: ACROSS,
    better: () => sketchLaw,
    worse: () => parameters,
    words: [sketchLaw.formula, 'parameters'],
  },
  {
    name: 'transferred-law',
    statement:
      'Across K, the law that was fitted to the bundled model ranks the arms of another model better than the number of parameters does.',
    scope: ACROSS,
    better: () => bundledLaw,
    worse: () => parameters,
    words: [bundledLaw.formula, 'parameters'],
    settings: ['real'],
  },
  {
    name: 'fitted-law',
    statement:
      'Across K, a law of parameters and held-out ν, fitted to the other half of the arms, ranks them better than the number of parameters does.',
    scope: ACROSS,
    better: () => naturalLaw,
    worse: () => parameters,
    words: ['law of ln parameters and ln held-out ν', 'parameters'],
  },
  {
    name: 'natural-over-coverage',
    statement: 'With the number of parameters, held-out ν makes a better law than coverage does.',
    scope: ACROSS,
    better: () => naturalLaw,
    worse: () => coverageLaw,
    words: ['law of ln parameters and ln held-out ν', 'law of ln parameters and ln coverage'],
  },
  {
    name: 'pilot',
    statement: 'A pilot of ten steps ranks arms better than the law of parameters and held-out ν does.',
    scope: ACROSS,
    better: ({ scale }) => longestPilot(scale),
    worse: () => naturalLaw,
    words: ['loss of the longest pilot', 'law of ln parameters and ln held-out ν'],
  },
];

const contestClaim = ({ name, statement, scope, better, worse, words, settings }: Contest): Claim => {
  const sides = (results: Results): [SeedValues, SeedValues] => [
    judged(results, scope, better(results)),
    judged(results, scope, worse(results)),
  ];
  return {
    id: `predictor/${name}`,
    rows: [],
    ...(settings === undefined ? {} : { settings }),
    statement,
    sourceFigure: '',
    quantity: `Spearman(${words[0]}, −loss) − Spearman(${words[1]}, −loss), ${scope.name}`,
    rule: above(0, 'confirmed if the first ranks better: the difference is above 0'),
    measure: (results) => sampleOf(perSeed(sides(results), (first, second) => first - second)),
    why: (results) => {
      const [first, second] = sides(results);
      return sayMeans([
        [`Spearman of ${words[0]}`, first],
        [`of ${words[1]}`, second],
      ]);
    },
  };
};

const coverageClaim: Claim = {
  id: 'predictor/coverage',
  rows: ['M3'],
  statement: 'Coverage is the parameter that determines quality: over bases and K it ranks the losses.',
  sourceFigure: '“the true parameter that determines CT-LoRA quality is COVERAGE”; r = −0.9963 over K',
  quantity: 'Spearman(coverage, loss) over bases × K, cores on all layers',
  rule: below(-0.9, 'confirmed if the correlation is below −0.9: what determines a loss ranks it'),
  measure: (results) => sampleOf(judged(results, ACROSS, coverage)?.map((value) => -value)),
  why: (results) =>
    sayMeans([
      ['Spearman(coverage, −loss)', judged(results, ACROSS, coverage)],
      ['of the number of parameters', judged(results, ACROSS, parameters)],
      ['of coverage within each K', judged(results, WITHIN, coverage)],
    ]),
};

function strengthTable(results: Results): ExperimentTable {
  const scopes = SCOPES.map(({ judge, arms }) => ({ judge, arms: arms(results) }));
  return {
    title: 'How well each quantity ranks tuned losses',
    caption:
      'Spearman’s correlation with −loss, one value per seed: 1 ranks perfectly, 0 not at all. Intervals are for these arms, not for others. Laws foretell each half ' +
      'of the arms from the other. ν has no value for a family with one frame. Coverage of a group of layers is of that ' +
      'group’s gradient. Pilots use the tuned learning rate of the run that they begin, which a first pass does not know.',
    setting: results.setting.name,
    columns: ['quantity', ...SCOPES.map(({ name }) => name)],
    rows: quantitiesOf(results).map((quantity) => [
      quantity.name,
      ...scopes.map(({ judge, arms }) => cell(judge(arms, quantity))),
    ]),
    source: null,
  };
}

function armTable(results: Results): ExperimentTable {
  const { shortSteps } = results.scale;
  const arms = [...coreArms(results), ...groupArms(results), ...oneSidedArms(results)];
  return {
    title: 'The arms',
    caption: `Measured at the start; held-out loss after ${shortSteps} steps at the best learning rate of each arm, nats per token.`,
    setting: results.setting.name,
    columns: ['family', 'layers', 'basis', 'K', 'parameters', 'coverage', 'gain', 'held-out ν', 'loss'],
    rows: arms.map((arm) => {
      const measured = short(results, [arm])?.[0];
      const natural = measured?.points.flatMap((point) => point.natural?.heldOut ?? []) ?? [];
      return [
        arm.family,
        arm.group,
        arm.basis,
        arm.rank,
        measured?.runs[0]?.parameters ?? null,
        cell(measured?.points.map((point) => point.coverage)),
        cell(measured?.points.map((point) => point.gain)),
        natural.length === 0 ? null : cell(natural),
        cell(measured?.losses),
      ];
    }),
    source: null,
  };
}

/** The laws with their constants, for another model to be judged by. */
function lawTable(results: Results): ExperimentTable {
  const arms = cores(results) ?? [];
  return {
    title: 'The laws, fitted to all cores',
    caption:
      'loss = constant + first · ln parameters + second · the second factor, by least squares over bases × K, fitted for ' +
      'each seed. The tables above judge laws that are fitted to half of the arms and foretell the other half.',
    setting: results.setting.name,
    columns: ['second factor', 'constant', 'first', 'second'],
    rows: Object.entries(LAWS).map(([name, law]) => {
      const planes = fittedLaw(law, arms) ?? [];
      const figures = [0, 1, 2].map((at) =>
        planes.map(({ intercept, slopes }) => [intercept, ...slopes][at]!),
      );
      return [name, ...figures.map((values) => (values.length === 0 ? null : cell(values)))];
    }),
    source: null,
  };
}

/** Loss over a figure of each arm, a series for each K. */
function figure(
  results: Results,
  title: string,
  xLabel: string,
  of: (arm: MeasuredArm, seed: number) => number,
): ExperimentFigure {
  const arms = cores(results) ?? [];
  return {
    title,
    caption:
      'Cores on all layers, a point for each basis; 95 % intervals over seeds. What determines the loss would put all K on one curve.',
    setting: results.setting.name,
    xLabel,
    yLabel: 'held-out loss, nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: gridRanks(results).map((rank) =>
      curve(
        `K = ${rank}`,
        arms
          .filter((arm) => arm.rank === rank)
          .map((arm) => [mean(arm.losses.map((_, seed) => of(arm, seed))), arm.losses] as const),
        'points',
      ),
    ),
  };
}

/** The losses that the fitted law foretells, mean over seeds, by arm. */
function lawFigure(results: Results): ExperimentFigure {
  const arms = cores(results) ?? [];
  const promised = results.scale.seeds.map((_, seed) =>
    arms.length === 0 ? [] : naturalLaw.promises(arms, seed)!,
  );
  return figure(
    results,
    'Loss against what the law foretells',
    'loss foretold from the other half of the arms, nats per token',
    ({ basis, rank }, seed) =>
      -promised[seed]![arms.findIndex((arm) => arm.basis === basis && arm.rank === rank)]!,
  );
}

function notes(results: Results): string[] {
  return [ACROSS, WITHIN].flatMap((scope) => {
    const arms = scope.arms(results);
    const ranked = quantitiesOf(results)
      .flatMap((quantity) => {
        const values = scope.judge(arms, quantity);
        return values === undefined ? [] : [{ name: quantity.name, value: mean(values) }];
      })
      .sort((a, b) => b.value - a.value);
    if (ranked.length === 0) return [];
    const named = ranked.slice(0, 3).map(({ name, value }) => `${name} (${say(value)})`);
    return [`Ranking ${scope.name}, the three best, by mean Spearman with −loss: ${named.join('; ')}.`];
  });
}

export const predictor: Experiment = {
  name: 'predictor',
  title: 'What foretells the loss',
  question: 'Which quantity that one pass measures, or a short pilot, ranks the tuned losses of arms best?',
  method:
    'CT-LoRA cores over bases and K on all layers, on attention and on MLP layers, and one trained factor on a frozen ' +
    'frame; learning rate tuned for each. Quantities are measured at the start with the frames of the same seed. A law ' +
    'of two factors is fitted by least squares to one half of the arms, like a chequerboard over bases and K, and ' +
    'judged on the other; the law of the sketches has its constants from elsewhere and fits nothing.',
  settings: ['pretrained', 'real'],
  trials: (results) => [
    ...startTrials(results),
    ...gridJointTrials(results),
    ...gridTrials(
      results,
      [...coreArms(results), ...groupArms(results), ...oneSidedArms(results)],
      results.scale.shortSteps,
    ),
    ...gridTrials(results, longCores(results), results.scale.longSteps),
  ],
  claims: [coverageClaim, ...CONTESTS.map(contestClaim)],
  tables: (results) => [strengthTable(results), armTable(results), lawTable(results)],
  figures: (results) => [
    figure(
      results,
      'Loss against coverage over bases and K',
      'coverage at the first step',
      (arm, seed) => arm.points[seed]!.coverage,
    ),
    figure(
      results,
      'Loss against held-out ν over bases and K',
      'ln held-out ν at the first step',
      (arm, seed) => lnOf(arm.points[seed]!.natural!.heldOut),
    ),
    lawFigure(results),
  ],
  notes,
};
