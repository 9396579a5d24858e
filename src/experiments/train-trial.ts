/** A training run of an experiment: the steps of `rankscope train`, in memory, at a constant learning rate. */

import {
  type LayerAdapter,
  needsFrame,
  startLayerAdapter,
  trainedArrays,
  trainedParameters,
  updateSpectrum,
} from '../adapters/index.ts';
import { selectLayers } from '../coverage/index.ts';
import { effectiveRank, mean } from '../numeric/index.ts';
import { roundSignificant } from '../record/index.ts';
import { adamw, clipByGlobalNorm, loadAdapterGradients, sequenceStream } from '../training/index.ts';
import { ablate } from './ablate.ts';
import { loadEvaluation } from './fed-adapter.ts';
import { DIGITS } from './observe.ts';
import { observeTraining } from './observe-training.ts';
import { evaluationSteps, type TrainTrial, type TrainTrialResult } from './trial.ts';
import { StepWatch } from './watch-steps.ts';
import { trialRng, type Workbench } from './workbench.ts';

/** A run whose loss grows to this many times its first has diverged. */
const DIVERGENCE = 2;

/** Largest norm of the gradient of all trained parameters, as `rankscope train` has it. */
const CLIP = 1;

const round = (value: number): number => roundSignificant(value, DIGITS);

export async function runTrainTrial(bench: Workbench, trial: TrainTrial): Promise<TrainTrialResult> {
  const { model, engine, setting } = bench;
  const { batchSize, seqLen } = setting;
  const layers = await startAdapter(bench, trial);
  const trained = trainedArrays({ layers });
  const optimizer = adamw();
  const state = optimizer.init(trained);
  const stream = sequenceStream(bench.train, trialRng(trial.seed, 'data'));
  const rng = trialRng(trial.seed, 'dropout');
  const program = await loadAdapterGradients(engine, model, layers, { batchSize, seqLen, dropout: 0 });
  const evaluation = await loadEvaluation(engine, model, layers, bench.evaluation, batchSize);
  const watch = trial.watch ? await StepWatch.start(bench, layers, program, trial.seed) : null;
  const evaluated = evaluationSteps(setting.kind, trial.steps);
  const losses: number[] = [];
  const evalLosses: { step: number; loss: number }[] = [];
  const observations: NonNullable<TrainTrialResult['observations']>[number][] = [];
  let divergedAt: number | null = null;

  for (let step = 1; step <= trial.steps; step++) {
    if (trial.observe?.steps.includes(step)) {
      observations.push(await observeTraining(bench, layers, trial.observe.bases, trial.seed, step));
    }
    const batch = stream.batch((step - 1) * batchSize, batchSize);
    const { loss, gradients } = await program.run(batch, rng);
    losses.push(Number.isFinite(loss) ? round(loss) : Number.MAX_VALUE);
    if (!(loss <= DIVERGENCE * losses[0]!)) {
      divergedAt = step;
      break;
    }
    await watch?.look(batch, gradients);
    clipByGlobalNorm(gradients, CLIP);
    const active = activeRank(trial, step);
    const before = active < trial.rank ? copyOf(trained) : null;
    if (before !== null) keepLeadingBlocks(layers, gradients, active);
    optimizer.update(trained, gradients, state, trial.learningRate);
    // Running means move a core on after its gradient has ended.
    if (before !== null) restoreBeyond(layers, trained, before, active);
    if (evaluated.includes(step)) {
      const after = await evaluation.run();
      if (Number.isFinite(after)) evalLosses.push({ step, loss: round(after) });
    }
  }
  const ablation = trial.ablate ? await ablate(trial, layers, evaluation) : undefined;
  const result: TrainTrialResult = {
    parameters: trainedParameters(layers),
    losses,
    evalLosses,
    divergedAt,
    ...(await updateOf(layers, bench)),
    ...(trial.observe === undefined ? {} : { observations }),
    ...(watch === null ? {} : { watch: watch.result() }),
    ...(ablation === undefined ? {} : { ablation }),
  };
  await watch?.release();
  await evaluation.release();
  await program.release();
  return result;
}

async function startAdapter(bench: Workbench, trial: TrainTrial): Promise<LayerAdapter[]> {
  const { family, rank, seed } = trial;
  const basis = trial.basis ?? 'random';
  const frames = needsFrame(family, basis) ? (await bench.frames(basis, seed)).frames : null;
  return selectLayers(bench.model.definition.layers, trial.layers).map((layer) => {
    const frame = frames?.get(layer.name) ?? null;
    const fitting = Math.min(rank, layer.inFeatures, layer.outFeatures);
    const plan = {
      layer,
      family,
      basis,
      scale: 1,
      rank: frame === null ? fitting : Math.min(rank, frame.u.cols),
    };
    return startLayerAdapter(plan, frame, { start: 'zero', rng: trialRng(seed, `start/${layer.name}`) });
  });
}

/** The rank that learns at a step. */
function activeRank({ rank, rankSchedule = [] }: TrainTrial, step: number): number {
  return rankSchedule.findLast(([first]) => first <= step)?.[1] ?? rank;
}

const copyOf = (arrays: Readonly<Record<string, Float32Array>>) =>
  Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));

/** Sets the gradient of cores to zero outside their leading block. */
function keepLeadingBlocks(
  layers: readonly LayerAdapter[],
  gradients: Readonly<Record<string, Float32Array>>,
  active: number,
): void {
  for (const { layer, rank } of layers) {
    const values = gradients[`${layer.name}/m`]!;
    values.forEach((value, at) => {
      values[at] = inBlock(at, rank, active) ? value : 0;
    });
  }
}

function restoreBeyond(
  layers: readonly LayerAdapter[],
  trained: Readonly<Record<string, Float32Array>>,
  before: Readonly<Record<string, Float32Array>>,
  active: number,
): void {
  for (const { layer, rank } of layers) {
    const values = trained[`${layer.name}/m`]!;
    const old = before[`${layer.name}/m`]!;
    values.forEach((value, at) => {
      values[at] = inBlock(at, rank, active) ? value : old[at]!;
    });
  }
}

const inBlock = (at: number, rank: number, active: number): boolean =>
  at % rank < active && Math.floor(at / rank) < active;

async function updateOf(layers: readonly LayerAdapter[], { engine }: Workbench) {
  const ranks: number[] = [];
  let squares = 0;
  for (const layer of layers) {
    const values = await updateSpectrum(layer, engine.matmul);
    if (!values.every(Number.isFinite)) return { updateEffectiveRank: 0, updateNorm: 0 };
    ranks.push(effectiveRank(values).entropic);
    squares += values.reduce((sum, value) => sum + value * value, 0);
  }
  return { updateEffectiveRank: round(mean(ranks)), updateNorm: round(Math.sqrt(squares)) };
}
