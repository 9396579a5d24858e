/** Progress of a reproduction on stderr: one line that redraws on a terminal, a line now and then anywhere else. */
import type { ReproduceProgress, TrialRecord } from '../experiments/index.ts';
import { duration } from './duration.ts';
import type { ProgressStream } from './progress.ts';

const PLAIN_MS = 30_000;

export class ReproduceLine {
  private readonly stream: ProgressStream;
  private lastShown = Number.NEGATIVE_INFINITY;
  private drawn = false;

  constructor(stream: ProgressStream) {
    this.stream = stream;
  }

  /** A line that stays. */
  say(text: string): void {
    this.end();
    this.stream.write(`${text}\n`);
  }

  update({ finished, wanted, failed, secondsLeft, ended }: ReproduceProgress): void {
    if (ended?.result === null) this.say(`failed: ${describeTrial(ended)}: ${ended.error}`);
    const now = performance.now();
    if (!this.stream.isTTY && finished < wanted && now - this.lastShown < PLAIN_MS) return;
    this.lastShown = now;
    const failures = failed > 0 ? `, ${failed} failed` : '';
    const latest = ended === undefined ? '' : `; last: ${describeTrial(ended)}`;
    const line = `${finished} of ${wanted} trials${failures}, about ${duration(secondsLeft)} left${latest}`;
    if (this.stream.isTTY) this.stream.write(`\r\u001b[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}`);
    else this.stream.write(`${line}\n`);
    this.drawn = this.stream.isTTY === true;
  }

  /** Takes the line that redraws off the terminal. */
  end(): void {
    if (this.drawn) this.stream.write('\r\u001b[2K');
    this.drawn = false;
  }
}

function describeTrial({ trial, seconds }: TrialRecord): string {
  const what =
    trial.kind !== 'train'
      ? `${trial.kind} ${trial.bases.join(', ')}`
      : `${trial.family} ${trial.basis ?? ''} K=${trial.rank} lr=${trial.learningRate} ${trial.steps} steps`;
  return `${trial.setting}, ${what}, seed ${trial.seed} (${Math.round(seconds)} s)`;
}
