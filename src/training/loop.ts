/** The loop of every training: of an adapter, of a whole model, of a trial. */
import { invariant } from '../errors/index.ts';
import type { Batch } from '../text/index.ts';
import { clipGradients, globalNorm } from './clip.ts';
import type { LossAndGradients } from './loss-gradients.ts';
import type { StepMetrics } from './metrics-file.ts';
import type { NamedArrays } from './named-arrays.ts';
import type { Optimizer, OptimizerState } from './optimizer.ts';

/** Where a run stands: all that its next step depends on, beside the parameters and what it was asked for. */
export interface TrainingState {
  readonly optimizer: OptimizerState;
  /** Sequences taken from the stream so far. */
  sequencesTaken: number;
}

export interface TrainingLoop {
  /** Moved in place. */
  readonly parameters: NamedArrays;
  readonly optimizer: Optimizer;
  /** Moved on by every update. */
  readonly state: TrainingState;
  /** Gives the `size` sequences that follow the first `taken`. */
  readonly stream: { batch(taken: number, size: number): Batch };
  /** Sequences of a step. */
  readonly perStep: number;
  /** Steps of the whole run, those before this loop included. */
  readonly steps: number;
  readonly gradient: (batch: Batch, step: number) => Promise<LossAndGradients>;
  readonly learningRate: (step: number) => number;
  /** Largest norm of all gradients together; null for no limit. */
  readonly clip: number | null;
  /** Ends the loop after the step in progress. */
  readonly signal?: AbortSignal | undefined;
}

/** A step whose gradients are known and whose update is still to be made. */
export interface ReadyStep extends LossAndGradients {
  /** Counted from 1. */
  readonly step: number;
  readonly batch: Batch;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** Clips the gradients and moves the parameters, once. */
  update(): StepMetrics;
}

/**
 * The steps of a run from where its state stands. Each is handed over between its gradients and its update, so that
 * whoever consumes them can look at both sides of it; every step must be updated, or be the last one taken.
 *
 * @example
 * ```ts
 * for await (const step of trainingSteps(loop)) {
 *   if (!Number.isFinite(step.loss)) break;
 *   report(step.update());
 * }
 * ```
 */
export async function* trainingSteps(loop: TrainingLoop): AsyncGenerator<ReadyStep> {
  const { parameters, optimizer, state, stream, perStep, steps, signal } = loop;
  while (state.optimizer.step < steps && !signal?.aborted) {
    const step = state.optimizer.step + 1;
    const began = performance.now();
    const batch = stream.batch(state.sequencesTaken, perStep);
    const { loss, gradients } = await loop.gradient(batch, step);
    const gradientNorm = globalNorm(gradients);
    const seconds = (performance.now() - began) / 1000;
    yield {
      step,
      batch,
      loss,
      gradients,
      gradientNorm,
      update() {
        invariant(state.optimizer.step === step - 1, `step ${step} is updated twice`);
        const learningRate = loop.learningRate(step);
        clipGradients(gradients, gradientNorm, loop.clip);
        optimizer.update(parameters, gradients, state.optimizer, learningRate);
        state.sequencesTaken += perStep;
        const tokensPerSecond = (perStep * batch.seqLen) / seconds;
        return { step, loss, learningRate, gradientNorm, tokensPerSecond };
      },
    };
    invariant(state.optimizer.step === step, `step ${step} was not updated`);
  }
}
