/** Progress of a training run on stderr: one line that redraws on a terminal, a few plain lines anywhere else. */
import type { StepMetrics } from '../training/index.ts';
import type { ProgressStream } from './progress.ts';

const PLAIN_MS = 15_000;

export class TrainingProgress {
  private readonly stream: ProgressStream;
  private readonly steps: number;
  private readonly now: () => number;
  private began: number;
  private stepsSeen = 0;
  private lastShown = Number.NEGATIVE_INFINITY;
  private drawn = false;

  constructor(stream: ProgressStream, steps: number, now = () => performance.now()) {
    this.stream = stream;
    this.steps = steps;
    this.now = now;
    this.began = now();
  }

  /** A line that stays. */
  say(text: string): void {
    this.end();
    this.stream.write(`${text}\n`);
    if (this.stepsSeen === 0) this.began = this.now();
  }

  step({ step, loss, tokensPerSecond }: StepMetrics): void {
    const now = this.now();
    this.stepsSeen++;
    if (!this.stream.isTTY && step < this.steps && now - this.lastShown < PLAIN_MS) return;
    this.lastShown = now;
    const secondsLeft = ((now - this.began) / 1000 / this.stepsSeen) * (this.steps - step);
    const speed = `${Math.round(tokensPerSecond)} tokens/s`;
    const line = `step ${step}/${this.steps}, loss ${loss.toFixed(3)}, ${speed}, ${clock(secondsLeft)} left`;
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

/** Seconds as `h:mm:ss` or `m:ss`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
