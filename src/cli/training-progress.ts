/** Progress of a training run. */
import type { StepMetrics } from '../training/index.ts';
import { type ProgressStream, StatusLine } from './status-line.ts';

export class TrainingProgress extends StatusLine {
  private readonly steps: number;
  private began: number;
  private stepsSeen = 0;

  constructor(stream: ProgressStream, steps: number, now = () => performance.now()) {
    super(stream, { now });
    this.steps = steps;
    this.began = now();
  }

  override say(text: string): void {
    super.say(text);
    if (this.stepsSeen === 0) this.began = this.now();
  }

  step({ step, loss, tokensPerSecond }: StepMetrics): void {
    this.stepsSeen++;
    const secondsLeft = ((this.now() - this.began) / 1000 / this.stepsSeen) * (this.steps - step);
    const speed = `${Math.round(tokensPerSecond)} tokens/s`;
    this.show(
      `step ${step}/${this.steps}, loss ${loss.toFixed(3)}, ${speed}, ${clock(secondsLeft)} left`,
      step >= this.steps,
    );
  }
}

/** Seconds as `h:mm:ss` or `m:ss`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
