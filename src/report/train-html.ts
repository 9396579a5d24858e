/** A training run as one self-contained page: what was trained, on what, and its curves. */
import {
  describeCompute,
  placeOf,
  type RunRecord,
  type TrainMetrics,
  type TrainRecord,
} from '../record/index.ts';
import { formatBytes, formatCompact, formatCount, formatNumber } from './format.ts';
import { type Child, element, type Markup } from './html/markup.ts';
import { detailList, pageHeader, renderPage, section } from './html/page.ts';
import { commandLine } from './html/run-details.ts';
import { type CurveFigure, curveFigure } from './train-figures.ts';
import { describeAdapter, summarizeTraining } from './train-summary.ts';

interface Part {
  readonly title: string;
  readonly explain: string;
  readonly figures: readonly CurveFigure[];
}

const PARTS: readonly Part[] = [
  {
    title: 'Loss',
    explain:
      'Mean loss per target in nats: of each step’s batch before its update, and of the whole evaluation text.',
    figures: [
      {
        id: 'loss',
        title: 'Loss over steps',
        label: 'loss, nats',
        curves: [
          { name: 'training batch', value: 'loss' },
          { name: 'evaluation text', value: 'evalLoss' },
        ],
      },
    ],
  },
  {
    title: 'Coverage of the adapter’s own subspace',
    explain:
      'How much of the gradient the adapter can follow from where it stands, over all its layers. Gain 1 is no ' +
      'better than random frames. Coverage is the cosine between the gradient and its projection by definition.',
    figures: [
      {
        id: 'coverage',
        title: 'Coverage over steps',
        label: 'coverage ‖PG‖ / ‖G‖',
        curves: [
          { name: 'coverage of a batch', value: 'coverage' },
          { name: 'coverage of the expected gradient', value: 'signalCoverage' },
        ],
      },
      {
        id: 'gain',
        title: 'Gain over steps',
        label: 'gain ×',
        log: true,
        curves: [{ name: 'gain', value: 'gain' }],
      },
      {
        id: 'natural',
        title: 'Natural coverage over steps',
        label: 'ν, held out',
        curves: [{ name: 'ν', value: 'naturalCoverage' }],
      },
    ],
  },
  {
    title: 'Effective rank and direction',
    explain:
      'Entropic effective rank (Roy & Vetterli) of whole gradients, over a few layers, and of the update ΔW. ' +
      'Cosines are between consecutive measurements on the same batch.',
    figures: [
      {
        id: 'rank',
        title: 'Effective rank over steps',
        label: 'effective rank',
        curves: [
          { name: 'gradient', value: 'gradientEffectiveRank' },
          { name: 'update ΔW', value: 'updateEffectiveRank' },
        ],
      },
      {
        id: 'cosine',
        title: 'Cosine of consecutive gradients',
        label: 'cosine',
        curves: [
          { name: 'trained parameters', value: 'cosineProjected' },
          { name: 'whole gradients', value: 'cosineFull' },
        ],
      },
    ],
  },
  {
    title: 'Optimisation',
    explain: 'Norm of the gradient of all trained parameters before clipping, and the learning rate.',
    figures: [
      {
        id: 'norm',
        title: 'Gradient norm over steps',
        label: 'gradient norm',
        log: true,
        curves: [{ name: 'gradient norm', value: 'gradientNorm' }],
      },
      {
        id: 'rate',
        title: 'Learning rate over steps',
        label: 'learning rate',
        curves: [{ name: 'learning rate', value: 'learningRate' }],
      },
    ],
  },
];

/**
 * The page for a run; `run` adds the command, versions and machine where they are known.
 *
 * @example
 * ```ts
 * const run = 'runs/first';
 * const page = renderTrainHtml(readTrainRecord(run), readTrainMetrics(run), readRunRecord(run));
 * ```
 */
export function renderTrainHtml(
  record: TrainRecord,
  metrics: readonly TrainMetrics[],
  run: RunRecord | null,
): string {
  const title = `${record.model.name} trained on ${record.data.path.split(/[\\/]/).at(-1)}`;
  const parts = PARTS.flatMap(({ title: heading, explain, figures }): Markup[] => {
    const drawn = figures.map((figure) => curveFigure(figure, metrics)).filter((figure) => figure !== null);
    return drawn.length === 0 ? [] : [section(heading, explain, ...drawn)];
  });
  const notes = record.notes.map((note) => element('p', { class: 'explain' }, `Note: ${note}`));
  const what = section('What was run', null, details(record, run), ...notes);
  return renderPage({ title, body: [header(record, metrics, title), ...parts, what] });
}

function header(record: TrainRecord, metrics: readonly TrainMetrics[], title: string): Markup {
  const { model, settings, adapter } = record;
  const stopped = 'This run was stopped early: the adapter is that of the last step shown.';
  return pageHeader({
    kicker: 'RankScope train: an adapter in frozen frames',
    title,
    answer: summarizeTraining(record, metrics),
    warnings: record.status === 'partial' ? [stopped] : [],
    facts: [
      ['Model', `${model.architecture}, ${formatCompact(model.parameters)}`],
      ['Adapter', describeAdapter(record)],
      ['Trained parameters', formatCompact(adapter.trainedParameters)],
      ['Steps', `${formatCount(record.step)} of ${formatCount(settings.steps)}`],
      ['Tokens a step', formatCount(settings.batchSize * settings.accumulation * settings.seqLen)],
      ['Compute', `${describeCompute(settings)}, seed ${settings.seed}`],
    ],
  });
}

function details(record: TrainRecord, run: RunRecord | null): Markup {
  const { model, data, evalData, settings, gradientLayers } = record;
  const code = (text: string) => element('code', {}, text);
  const { optimizer, learningRate, schedule, warmup, weightDecay, clip, dropout } = settings;
  const rate =
    typeof learningRate === 'number'
      ? formatNumber(learningRate)
      : `${formatNumber(record.automaticRate?.learningRate ?? Number.NaN)}, by the law of the learning rate`;
  const rows: [string, Child][] = [
    ['Model', [`${model.name}, ${model.format}, `, code(placeOf(model))]],
    ['Weights sha256', code(model.sha256)],
    [
      'Data',
      [`${formatCount(data.tokens)} tokens, ${formatCount(data.sequences)} sequences, `, code(data.path)],
    ],
    ['Data sha256', code(data.sha256)],
    [
      'Optimizer',
      `${optimizer}, learning rate ${rate} (${schedule}, ${warmup} steps of warm-up), ` +
        `weight decay ${weightDecay}, clipping ${clip ?? 'off'}, dropout ${dropout}`,
    ],
    [
      'Batches',
      `${settings.accumulation} × ${settings.batchSize} sequences of ${settings.seqLen} tokens a step`,
    ],
  ];
  if (run !== null) rows.unshift(['Command', code(commandLine(run))]);
  if (evalData !== null)
    rows.push(['Evaluation text', [`${formatCount(evalData.tokens)} tokens, `, code(evalData.path)]]);
  if (gradientLayers.length > 0) rows.push(['Whole gradients of', code(gradientLayers.join(', '))]);
  if (run !== null) {
    const { processor, cores, memoryBytes } = run.machine;
    rows.push(
      ['Machine', `${processor}, ${cores} cores, ${formatBytes(memoryBytes)} of memory`],
      ['Started', run.startedAt],
    );
  }
  return detailList(rows);
}
