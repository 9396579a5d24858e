/** Seconds that each stage of a probe takes. */
import { roundSignificant, type StageSeconds } from '../record/index.ts';

export type Stage = 'opening' | 'calibration' | `frames/${string}` | 'measuring' | 'summary';

/** Adds up the wall time of stages; one that never ran is not listed. */
export class StageClock {
  private readonly spent = new Map<Stage, number>();
  private readonly now: () => number;

  constructor(now: () => number = () => performance.now() / 1000) {
    this.now = now;
  }

  /** Runs `work` on the time of a stage. */
  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const started = this.now();
    try {
      return await work();
    } finally {
      this.add(stage, this.now() - started);
    }
  }

  add(stage: Stage, seconds: number): void {
    this.spent.set(stage, (this.spent.get(stage) ?? 0) + seconds);
  }

  /** Deals `seconds` out among stages that ran side by side, by what each took. */
  addShares(taken: StageSeconds, seconds: number): void {
    const total = Object.values(taken).reduce((sum, one) => sum + one, 0);
    for (const [stage, one] of Object.entries(taken)) this.add(stage as Stage, (seconds * one) / total);
  }

  seconds(): StageSeconds {
    return Object.fromEntries([...this.spent].map(([stage, spent]) => [stage, roundSignificant(spent, 4)]));
  }
}
