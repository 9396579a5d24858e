/** A TensorBoard event file that grows with a run. */
import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tellWriteErrors } from '../files/index.ts';
import { readTrainMetrics, type TrainMetrics } from '../record/index.ts';
import { encodeFileStart, encodeScalars, eventFileName } from '../report/index.ts';

const TAGS: Readonly<Record<Exclude<keyof TrainMetrics, 'step'>, string>> = {
  loss: 'loss/train',
  evalLoss: 'loss/eval',
  learningRate: 'optimizer/learning_rate',
  gradientNorm: 'optimizer/gradient_norm',
  tokensPerSecond: 'speed/tokens_per_second',
  coverage: 'coverage/coverage',
  energy: 'coverage/energy',
  gain: 'coverage/gain',
  signalCoverage: 'coverage/signal_coverage',
  naturalCoverage: 'coverage/natural',
  gradientEffectiveRank: 'effective_rank/gradient',
  updateEffectiveRank: 'effective_rank/update',
  cosineProjected: 'direction/cosine_projected',
  cosineFull: 'direction/cosine_full',
};

/** All that may stand in a run directory under TensorBoard's name. */
export const eventFilesIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('events.out.tfevents.'));

export class EventFile {
  private readonly directory: string;
  private path: string | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Appends a row that metrics.jsonl has already. The first one begins the file anew with all rows there are, so
   * that the steps which a resumed run repeats stand in it once.
   */
  append(row: TrainMetrics): void {
    tellWriteErrors(join(this.directory, 'events.out.tfevents.…'), () => this.write(row));
  }

  private write(row: TrainMetrics): void {
    const time = Date.now() / 1000;
    if (this.path !== undefined) {
      appendFileSync(this.path, encodeRow(row, time));
      return;
    }
    for (const name of eventFilesIn(this.directory)) rmSync(join(this.directory, name));
    this.path = join(this.directory, eventFileName(time, hostname()));
    appendFileSync(this.path, encodeFileStart(time));
    for (const before of readTrainMetrics(this.directory)) appendFileSync(this.path, encodeRow(before, time));
  }
}

function encodeRow(row: TrainMetrics, time: number): Uint8Array {
  const scalars = Object.fromEntries(
    Object.entries(TAGS).map(([name, tag]) => [tag, row[name as keyof TrainMetrics]]),
  );
  return encodeScalars({ step: row.step, time, scalars });
}
