/** How many times fewer parameters do some frames need than others for one loss? */
import { mean } from '../../numeric/index.ts';
import type { Basis, Cell, ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { GRID_BASES, isReal, plainLora } from '../readings/arm-grid.ts';
import { type CurvePoint, parametersForLoss } from '../readings/parameters-for-loss.ts';
import { perplexities } from '../readings/perplexities.ts';
import { above, between, curve, type SeedValues, sampleOf, say, sayMeans } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { startLosses, startTrials } from '../readings/start-points.ts';
import { type Arm, bestLearningRate, coreArm, lossAfter, tunedRuns, tunedTrials } from '../tuning.ts';

/** Ranks of a curve: the upper ones of the sweep. */
const CURVE_RANKS = 5;

const curveRanks = ({ scale }: Results): number[] => scale.ranks.slice(-CURVE_RANKS);

/** Ranks of plain LoRA, the peer that everyone knows; one on a model of real size. */
const loraRanks = (results: Results): readonly number[] => (isReal(results) ? [1] : [1, 2, 4]);

interface Target {
  readonly name: string;
  readonly words: string;
  rank(results: Results): number;
}

const TARGETS: readonly Target[] = [
  { name: 'largest', words: 'the largest K', rank: ({ scale }) => scale.ranks.at(-1)! },
  { name: 'second', words: 'the second largest K', rank: ({ scale }) => scale.ranks.at(-2)! },
];

interface ArmFigures {
  readonly parameters: number;
  /** One per seed, nats per token. */
  readonly losses: readonly number[];
}

function figuresOf(results: Results, arm: Arm): ArmFigures | undefined {
  const { shortSteps } = results.scale;
  const runs = tunedRuns(results, arm, shortSteps);
  return runs && { parameters: runs[0]!.parameters, losses: runs.map((run) => lossAfter(run, shortSteps)) };
}

/** The curve of a basis, one per seed; undefined while a trial is missing. */
function curves(results: Results, basis: Basis): CurvePoint[][] | undefined {
  const arms = curveRanks(results).map((rank) => figuresOf(results, coreArm(basis, rank)));
  if (!arms.every((arm) => arm !== undefined)) return undefined;
  return results.scale.seeds.map((_, seed) =>
    arms.map(({ parameters, losses }) => ({ parameters, loss: losses[seed]! })),
  );
}

/** What a basis needs for the loss of an arm, one per seed. */
function needs(results: Results, basis: Basis, target: Arm) {
  const [known, aim] = [curves(results, basis), figuresOf(results, target)];
  if (known === undefined || aim === undefined) return undefined;
  return known.map((one, seed) => {
    const need = parametersForLoss(one, aim.losses[seed]!);
    return { ...need, times: aim.parameters / need.parameters };
  });
}

/** Parameters of an arm over what a basis needs for its loss, one value per seed. */
const times = (results: Results, basis: Basis, target: Arm): SeedValues =>
  needs(results, basis, target)?.map((need) => need.times);

/** How often the curve did not enclose the loss, in words; empty where it always did. */
function outsideWords(results: Results, basis: Basis, target: Arm): string {
  const found = needs(results, basis, target) ?? [];
  const count = (side: 'below' | 'above') => found.filter(({ outside }) => outside === side).length;
  const [below, notReached] = [count('below'), count('above')];
  return [
    below > 0
      ? ` In ${below} of ${found.length} seeds the smallest K is already below that loss: the ratio is a lower bound.`
      : '',
    notReached > 0
      ? ` In ${notReached} of ${found.length} seeds the largest K does not reach that loss: the ratio is an upper bound.`
      : '',
  ].join('');
}

function sayNeeds(results: Results, basis: Basis, target: Arm, name: string): string {
  const aim = figuresOf(results, target);
  const found = needs(results, basis, target);
  const means = sayMeans([
    [`loss of ${name}`, aim?.losses],
    ['its parameters', aim?.losses.map(() => aim.parameters)],
    [`parameters that ${basis} frames need for that loss`, found?.map(({ parameters }) => parameters)],
  ]);
  return means + outsideWords(results, basis, target);
}

function targetClaims({ name, words, rank }: Target): Claim[] {
  const svd = (results: Results) => coreArm('svd', rank(results));
  const common = {
    rows: [],
    quantity: `parameters of SVD frames at ${words} / parameters that natural frames need for the same loss`,
    measure: (results: Results) => sampleOf(times(results, 'natural', svd(results))),
    why: (results: Results) =>
      sayNeeds(results, 'natural', svd(results), `SVD frames at K = ${rank(results)}`),
  };
  return [
    {
      ...common,
      id: `equal-loss/natural-fewer-${name}`,
      statement:
        'For one loss, natural frames need fewer parameters than the singular vectors of the weights.',
      sourceFigure: '',
      rule: above(1, 'confirmed if the ratio is above 1'),
    },
    {
      ...common,
      id: `equal-loss/natural-7-to-16-${name}`,
      statement:
        'For one loss, natural frames need 7 to 16 times fewer parameters than the singular vectors of the weights.',
      sourceFigure: 'our sketches: 7 to 16 times',
      rule: between(7, 16, 'confirmed if the ratio is between 7 and 16'),
    },
  ];
}

const peerClaims: Claim[] = (['gradient', 'random'] as const).map((basis) => ({
  id: `equal-loss/natural-over-${basis}`,
  rows: [],
  statement: `For one loss, natural frames need fewer parameters than ${basis} frames.`,
  sourceFigure: '',
  quantity: `parameters of ${basis} frames at the largest K / parameters that natural frames need for the same loss`,
  rule: above(1, 'confirmed if the ratio is above 1'),
  measure: (results) => sampleOf(times(results, 'natural', coreArm(basis, results.scale.ranks.at(-1)!))),
  why: (results) => {
    const rank = results.scale.ranks.at(-1)!;
    return sayNeeds(results, 'natural', coreArm(basis, rank), `${basis} frames at K = ${rank}`);
  },
}));

const loraClaim: Claim = {
  id: 'equal-loss/natural-over-plain-lora',
  rows: [],
  statement:
    'For one loss, cores in natural frames need fewer parameters than plain LoRA of its smallest rank.',
  sourceFigure: '',
  quantity:
    'parameters of plain LoRA, r = 1 / parameters that cores in natural frames need for the same loss',
  rule: above(1, 'confirmed if the ratio is above 1'),
  measure: (results) => sampleOf(times(results, 'natural', plainLora(1))),
  why: (results) => sayNeeds(results, 'natural', plainLora(1), 'plain LoRA, r = 1,'),
};

/** Every arm with its name in tables. */
const namedArms = (results: Results): { name: string; rank: number; arm: Arm }[] => [
  ...GRID_BASES.flatMap((basis) =>
    curveRanks(results).map((rank) => ({ name: `core, ${basis}`, rank, arm: coreArm(basis, rank) })),
  ),
  ...loraRanks(results).map((rank) => ({ name: 'plain LoRA', rank, arm: plainLora(rank) })),
];

function lossTable(results: Results): ExperimentTable {
  const { shortSteps } = results.scale;
  const before = startLosses(results);
  return {
    title: 'Parameters and loss',
    caption:
      `Held-out loss (nats per token) and perplexity after ${shortSteps} steps at the best learning rate of each arm, and before any. ` +
      'The last column reads off how many times fewer parameters cores in natural frames need for the same loss; where ' +
      'their curve does not enclose it, its end stands for the need.',
    setting: results.setting.name,
    columns: [
      'adapter',
      'K or r',
      'parameters',
      'learning rate',
      'loss',
      'perplexity',
      'natural needs fewer by',
    ],
    rows: [
      ['none', null, 0, null, cell(before), cell(perplexities(before)), null],
      ...namedArms(results).map(({ name, rank, arm }): Cell[] => {
        const figures = figuresOf(results, arm);
        return [
          name,
          rank,
          figures?.parameters ?? null,
          bestLearningRate(results, arm, shortSteps) ?? null,
          cell(figures?.losses),
          cell(perplexities(figures?.losses)),
          cell(times(results, 'natural', arm)),
        ];
      }),
    ],
    source: null,
  };
}

function ratioTable(results: Results): ExperimentTable {
  return {
    title: 'Times fewer parameters than SVD frames, for one loss',
    caption:
      'Parameters of SVD frames at a K over those that another basis needs for the same loss, interpolated in ' +
      'ln(parameters) for each seed; below 1 it needs more. “In range” counts seeds whose curve encloses the loss.',
    setting: results.setting.name,
    columns: [
      'basis',
      ...TARGETS.flatMap((one) => [`at K = ${one.rank(results)}`, `in range, K = ${one.rank(results)}`]),
    ],
    rows: GRID_BASES.filter((basis) => basis !== 'svd').map((basis) => [
      basis,
      ...TARGETS.flatMap((target) => {
        const found = needs(results, basis, coreArm('svd', target.rank(results)));
        const inRange = found?.filter(({ outside }) => outside === null).length;
        return [cell(found?.map((need) => need.times)), found ? `${inRange} of ${found.length}` : null];
      }),
    ]),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  const points = (arms: readonly Arm[]) =>
    arms.flatMap((arm) => {
      const figures = figuresOf(results, arm);
      return figures === undefined ? [] : [[figures.parameters, figures.losses] as const];
    });
  return {
    title: 'Loss over trained parameters',
    caption: `Held-out loss after ${results.scale.shortSteps} steps at the best learning rate; 95 % intervals over seeds. A horizontal line meets every curve at the parameters that it needs.`,
    setting: results.setting.name,
    xLabel: 'trained parameters',
    yLabel: 'held-out loss, nats per token',
    xScale: 'log',
    yScale: 'linear',
    series: [
      ...GRID_BASES.map((basis) =>
        curve(`core, ${basis}`, points(curveRanks(results).map((rank) => coreArm(basis, rank)))),
      ),
      curve('plain LoRA', points(loraRanks(results).map(plainLora))),
    ],
  };
}

function notes(results: Results): string[] {
  return TARGETS.flatMap((target) => {
    const rank = target.rank(results);
    const ratios = GRID_BASES.filter((basis) => basis !== 'svd').map((basis) => {
      const values = times(results, basis, coreArm('svd', rank));
      return values && `${basis} ${say(mean(values))}`;
    });
    if (!ratios.every((one) => one !== undefined)) return [];
    const bounds = outsideWords(results, 'natural', coreArm('svd', rank));
    return [
      `Times fewer parameters than SVD frames need at K = ${rank}, for the same loss: ${ratios.join(', ')}.${bounds && ` Natural frames:${bounds}`}`,
    ];
  });
}

export const equalLoss: Experiment = {
  name: 'equal-loss',
  title: 'Parameters for one loss',
  question: 'How many times fewer parameters do some frames need than others for the same loss?',
  method:
    'CT-LoRA cores in four bases over K, and plain LoRA of small ranks beside them, learning rate tuned for each. For ' +
    'each seed the loss is interpolated in ln(parameters), and read off where a basis reaches the loss of another arm.',
  settings: ['pretrained', 'real'],
  trials: (results) => [
    ...startTrials(results),
    ...namedArms(results).flatMap(({ arm }) => tunedTrials(results, arm, results.scale.shortSteps)),
  ],
  claims: [...TARGETS.flatMap(targetClaims), ...peerClaims, loraClaim],
  tables: (results) => [lossTable(results), ratioTable(results)],
  figures: (results) => [figure(results)],
  notes,
};
