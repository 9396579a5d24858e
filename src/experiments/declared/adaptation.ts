/** How well does every family adapt the model to new text, at equal parameters? */

import { mean } from '../../numeric/index.ts';
import type { ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import { plainLora } from '../readings/arm-grid.ts';
import { equalRank, type RankedFamily, trainedParametersOf } from '../readings/equal-parameters.ts';
import { perplexities } from '../readings/perplexities.ts';
import { above, curve, perSeed, type SeedValues, sampleOf, say, sayMeans } from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { startLosses, startTrials } from '../readings/start-points.ts';
import { type Arm, bestLearningRate, coreArm, tunedLosses, tunedRuns, tunedTrials } from '../tuning.ts';

interface Adapter {
  readonly name: string;
  readonly arm: Arm;
}

/** CT-LoRA at the largest K, and what trains as many parameters; `diagonal` has fewer, `full` is all there are. */
function adapters(results: Results): Adapter[] {
  const { largest } = sourceRanks(results.scale);
  const { layerShapes, frameRank } = results.setting;
  const parameters = trainedParametersOf('core', layerShapes, largest);
  const rankOf = (family: RankedFamily) => equalRank(family, layerShapes, parameters, frameRank);
  const framed = (family: 'left' | 'right' | 'diagonal'): Arm => ({
    family,
    basis: 'svd',
    rank: rankOf(family),
    layers: '*',
  });
  return [
    { name: 'CT-LoRA (core, svd)', arm: coreArm('svd', largest) },
    ...(['natural', 'gradient', 'random'] as const).map((basis) => ({
      name: `core, ${basis}`,
      arm: coreArm(basis, largest),
    })),
    { name: 'plain LoRA', arm: plainLora(rankOf('factors')) },
    { name: 'left, svd', arm: framed('left') },
    { name: 'right, svd', arm: framed('right') },
    { name: 'diagonal, svd', arm: framed('diagonal') },
    { name: 'full fine-tuning', arm: { family: 'full', basis: null, rank: 0, layers: '*' } },
  ];
}

const armOf = (results: Results, name: string): Arm =>
  adapters(results).find((adapter) => adapter.name === name)!.arm;

interface Length {
  readonly name: string;
  readonly words: string;
  steps(results: Results): number;
}

const LENGTHS: readonly Length[] = [
  { name: 'short', words: 'the short run', steps: ({ scale }) => scale.shortSteps },
  { name: 'long', words: 'the long run', steps: ({ scale }) => scale.longSteps },
];

const lossesOf = (results: Results, name: string, length: Length): SeedValues =>
  tunedLosses(results, armOf(results, name), length.steps(results));

interface Rival {
  readonly id: string;
  readonly name: string;
  readonly words: string;
}

const RIVALS: readonly Rival[] = [
  { id: 'svd', name: 'CT-LoRA (core, svd)', words: 'cores in the singular vectors of the weights' },
  { id: 'plain-lora', name: 'plain LoRA', words: 'plain LoRA' },
];

const NATURAL = 'core, natural';

const claims: Claim[] = RIVALS.flatMap(({ id, name, words }) =>
  LENGTHS.map((length) => ({
    id: `adaptation/natural-over-${id}-${length.name}`,
    rows: [],
    statement: `At equal parameters, cores in natural frames end lower than ${words}, after ${length.words}.`,
    sourceFigure: '',
    quantity: `held-out loss of ${words} − that of cores in natural frames after ${length.words}, nats per token`,
    rule: above(0, 'confirmed if natural frames end lower: the difference is above 0'),
    measure: (results) =>
      sampleOf(
        perSeed(
          [lossesOf(results, name, length), lossesOf(results, NATURAL, length)],
          (rival, natural) => rival - natural,
        ),
      ),
    why: (results) =>
      sayMeans([
        [`loss of ${words} after ${length.steps(results)} steps`, lossesOf(results, name, length)],
        ['of cores in natural frames', lossesOf(results, NATURAL, length)],
      ]),
  })),
);

function table(results: Results): ExperimentTable {
  const start = startLosses(results);
  return {
    title: 'Perplexity before and after, at equal parameters',
    caption:
      'Held-out perplexity; learning rate tuned for every adapter and length on one grid, which goes on while the best ' +
      'lies at its edge. Diagonal adapters have at most as many parameters as the frames have columns; full fine-tuning ' +
      'trains all.',
    setting: results.setting.name,
    columns: [
      'adapter',
      'K or r',
      'parameters',
      'before',
      ...LENGTHS.flatMap((length) => [
        `after ${length.steps(results)} steps`,
        `learning rate, ${length.steps(results)} steps`,
      ]),
    ],
    rows: adapters(results).map(({ name, arm }) => {
      const runs = tunedRuns(results, arm, results.scale.shortSteps);
      return [
        name,
        arm.family === 'full' ? null : arm.rank,
        runs?.[0]?.parameters ?? null,
        start === undefined ? null : Math.exp(mean(start)),
        ...LENGTHS.flatMap((length) => [
          cell(perplexities(lossesOf(results, name, length))),
          bestLearningRate(results, arm, length.steps(results)) ?? null,
        ]),
      ];
    }),
    source: null,
  };
}

function figure(results: Results): ExperimentFigure {
  const { shortSteps } = results.scale;
  const start = startLosses(results);
  return {
    title: 'Held-out loss as adapters train',
    caption: `At the learning rate that is best after ${shortSteps} steps; 95 % intervals over seeds.`,
    setting: results.setting.name,
    xLabel: 'step',
    yLabel: 'held-out loss, nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: adapters(results).map(({ name, arm }) => {
      const runs = tunedRuns(results, arm, shortSteps) ?? [];
      const steps = (runs[0]?.evalLosses ?? []).map(({ step }) => step).filter((step) => step <= shortSteps);
      const after = steps.map((step) => {
        const losses = runs.map(({ evalLosses }) => evalLosses.find((one) => one.step === step)?.loss);
        return [step, allThere(losses)] as const;
      });
      return curve(name, runs.length === 0 ? [] : [[0, start] as const, ...after]);
    }),
  };
}

function notes(results: Results): string[] {
  return LENGTHS.flatMap((length) => {
    const known = adapters(results).flatMap((adapter) => {
      const losses = lossesOf(results, adapter.name, length);
      return losses === undefined ? [] : [{ name: adapter.name, loss: mean(losses) }];
    });
    if (known.length === 0) return [];
    const ranked = known.sort((a, b) => a.loss - b.loss);
    return [
      `Held-out loss after ${length.steps(results)} steps, lowest first: ${ranked.map(({ name, loss }) => `${name} ${say(loss)}`).join(', ')}.`,
    ];
  });
}

export const adaptation: Experiment = {
  name: 'adaptation',
  title: 'Adapters at equal parameters',
  question:
    'How well does each family of adapters adapt a pretrained model to new text, at equal parameters?',
  method:
    'CT-LoRA at the largest K of the sweep, and every other family at the rank that comes nearest to its number of ' +
    'parameters: cores in other frames, plain LoRA, one trained factor on either side; diagonal and full beside them. ' +
    'Learning rate tuned for each on one grid.',
  settings: ['pretrained'],
  trials: (results) => [
    ...startTrials(results),
    ...adapters(results).flatMap((adapter) =>
      LENGTHS.flatMap((length) => tunedTrials(results, adapter.arm, length.steps(results))),
    ),
  ],
  claims,
  tables: (results) => [table(results)],
  figures: (results) => [figure(results)],
  notes,
};
