/** Directions of consecutive gradients, projected and whole, on one fixed batch and on a fresh one at each step. */

import type { LayerAdapter } from '../adapters/index.ts';
import { cosine } from '../numeric/index.ts';
import { roundSignificant } from '../record/index.ts';
import type { Held } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import type { AdapterGradients } from '../training/index.ts';
import { type FedProgram, loadFullGradients } from './fed-adapter.ts';
import { DIGITS } from './observe.ts';
import type { TrainTrialResult } from './trial.ts';
import { trialRng, type Workbench } from './workbench.ts';

type WatchResult = NonNullable<TrainTrialResult['watch']>;

interface Directions {
  readonly projectedFixed: readonly Float32Array[];
  readonly projectedFresh: readonly Float32Array[];
  readonly fullFixed: readonly Float32Array[];
  readonly fullFresh: readonly Float32Array[];
}

const KEYS = ['projectedFixed', 'projectedFresh', 'fullFixed', 'fullFresh'] as const;

export class StepWatch implements Held {
  private readonly fixed: Batch;
  private readonly program: AdapterGradients;
  private readonly full: FedProgram<Batch, Float32Array[]>;
  private readonly fixedLosses: number[] = [];
  private readonly cosines: Record<(typeof KEYS)[number], number[]> = {
    projectedFixed: [],
    projectedFresh: [],
    fullFixed: [],
    fullFresh: [],
  };
  private before: Directions | undefined;

  private constructor(fixed: Batch, program: AdapterGradients, full: FedProgram<Batch, Float32Array[]>) {
    this.fixed = fixed;
    this.program = program;
    this.full = full;
  }

  static async start(
    { engine, model, setting, observedBatches }: Workbench,
    layers: readonly LayerAdapter[],
    program: AdapterGradients,
    seed: number,
  ): Promise<StepWatch> {
    const { batchSize, seqLen } = setting;
    const full = await loadFullGradients(engine, model, layers, { sequences: batchSize, seqLen });
    return new StepWatch(observedBatches(seed)[0]!, program, full);
  }

  /** Before the update of a step; `gradients` are those of the step's own batch. */
  async look(batch: Batch, gradients: Readonly<Record<string, Float32Array>>): Promise<void> {
    const { loss, gradients: fixed } = await this.program.run(this.fixed, trialRng(0, 'dropout'));
    this.fixedLosses.push(roundSignificant(loss, DIGITS));
    const now: Directions = {
      projectedFixed: Object.values(fixed),
      projectedFresh: Object.values(gradients).map((values) => values.slice()),
      fullFixed: await this.full.run(this.fixed),
      fullFresh: await this.full.run(batch),
    };
    const { before } = this;
    this.before = now;
    if (before === undefined) return;
    for (const key of KEYS) this.cosines[key].push(roundSignificant(cosine(before[key], now[key]), DIGITS));
  }

  result(): WatchResult {
    return { fixedLosses: this.fixedLosses, ...this.cosines };
  }

  release(): Promise<void> {
    return this.full.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
