/** What a training run leaves in its folder as it goes on. */
import { saveAdapter, trainedTensors } from '../adapters/index.ts';
import { removeRemains } from '../files/index.ts';
import {
  type AutomaticRate,
  appendMetrics,
  type TrainMetrics,
  type TrainRecord,
  writeTrainRecord,
} from '../record/index.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { keepMetricsUntil } from './metrics-file.ts';
import { describeTraining } from './train-description.ts';
import type { Begun, Run } from './train-run.ts';

export class TrainFiles {
  /** Rows that this process wrote. */
  readonly metrics: TrainMetrics[] = [];
  /** Step of the checkpoint that is in the folder. */
  saved: number;
  /** Where the run was asked to find its own. */
  rate: AutomaticRate | undefined;
  private readonly run: Run;
  private readonly begun: Begun;

  constructor(run: Run, begun: Begun, rate: AutomaticRate | undefined) {
    this.rate = rate;
    this.run = run;
    this.begun = begun;
    this.saved = begun.state.optimizer.step;
  }

  /**
   * Before the first step: what an earlier process left is cut to its checkpoint, and a new run gets one of its start.
   *
   * @param evaluate the loss on the evaluation text, if there is one.
   */
  async begin(evaluate: (() => Promise<number>) | undefined): Promise<void> {
    const { directory } = this.run.options;
    const { resumed, adapter } = this.begun;
    removeRemains(directory, true);
    keepMetricsUntil(directory, resumed ? this.saved : -1);
    // A new adapter's frames must stand in their file before a graph can map them; that of a run which was killed
    // between the two files of a checkpoint is one checkpoint old.
    await saveAdapter(directory, adapter);
    if (!resumed) {
      if (evaluate !== undefined) this.note({ step: 0, evalLoss: await evaluate() });
      await this.save();
    }
    this.write('running');
  }

  noteRate(rate: AutomaticRate): void {
    this.rate = rate;
    this.write('running');
  }

  note(row: TrainMetrics): void {
    const { directory, onStep } = this.run.options;
    appendMetrics(directory, row as Record<string, number>);
    this.metrics.push(row);
    onStep?.(row);
  }

  /** A checkpoint of the state as it stands. */
  async save(): Promise<void> {
    const { directory } = this.run.options;
    const { adapter, state, asked } = this.begun;
    await this.run.model.checkUnchanged();
    await saveCheckpoint(directory, trainedTensors(adapter), state, asked);
    await saveAdapter(directory, adapter);
    this.saved = state.optimizer.step;
  }

  write(status: TrainRecord['status'], step = this.begun.state.optimizer.step): TrainRecord {
    const record = describeTraining(this.run, this.begun, step, status, this.rate);
    writeTrainRecord(this.run.options.directory, record);
    return record;
  }
}
