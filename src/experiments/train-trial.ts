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
import {
  adamw,
  learningRateAt,
  loadAdapterGradients,
  sequenceStream,
  type TrainingState,
  trainingSteps,
} from '../training/index.ts';
import { ablate } from './ablate.ts';
import { loadEvaluation } from './fed-adapter.ts';
import { DIGITS } from './observe.ts';
import { observeTraining } from './observe-training.ts';
import { withRankSchedule } from './rank-schedule.ts';
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
  const optimizer = withRankSchedule(adamw(), layers, trial);
  const state: TrainingState = { optimizer: optimizer.init(trained), sequencesTaken: 0 };
  const rng = trialRng(trial.seed, 'dropout');
  await using program = await loadAdapterGradients(engine, model, layers, { batchSize, seqLen, dropout: 0 });
  await using evaluation = await loadEvaluation(engine, model, layers, bench.evaluation, batchSize);
  await using watch = trial.watch ? await StepWatch.start(bench, layers, program, trial.seed) : null;
  const evaluated = evaluationSteps(setting.kind, trial.steps);
  const losses: number[] = [];
  const evalLosses: { step: number; loss: number }[] = [];
  const observations: NonNullable<TrainTrialResult['observations']>[number][] = [];
  let divergedAt: number | null = null;
  const loop = trainingSteps({
    parameters: trained,
    optimizer,
    state,
    stream: sequenceStream(bench.train, trialRng(trial.seed, 'data')),
    perStep: batchSize,
    steps: trial.steps,
    gradient: (batch) => program.run(batch, rng),
    learningRate: (step) => learningRateAt(step, { schedule: 'constant', warmup: 0, ...trial }),
    clip: CLIP,
  });
  for await (const ready of loop) {
    const { step, batch, loss, gradients } = ready;
    if (trial.observe?.steps.includes(step)) {
      observations.push(await observeTraining(bench, layers, trial.observe.bases, trial.seed, step));
    }
    losses.push(Number.isFinite(loss) ? round(loss) : Number.MAX_VALUE);
    if (!(loss <= DIVERGENCE * losses[0]!)) {
      divergedAt = step;
      break;
    }
    await watch?.look(batch, gradients);
    ready.update();
    if (!evaluated.includes(step)) continue;
    const after = await evaluation.run();
    if (Number.isFinite(after)) evalLosses.push({ step, loss: round(after) });
  }
  const ablation = trial.ablate ? await ablate(trial, layers, evaluation) : undefined;
  return {
    parameters: trainedParameters(layers),
    losses,
    evalLosses,
    divergedAt,
    ...(await updateOf(layers, bench)),
    ...(trial.observe === undefined ? {} : { observations }),
    ...(watch === null ? {} : { watch: watch.result() }),
    ...(ablation === undefined ? {} : { ablation }),
  };
}

/** The adapter of a run before its first step. */
export async function startAdapter(bench: Workbench, trial: TrainTrial): Promise<LayerAdapter[]> {
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
