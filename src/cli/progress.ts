/** Progress on stderr: one line that redraws on a terminal, a few plain lines anywhere else. */
import type { Progress } from '../coverage/index.ts';
import { duration } from './duration.ts';

const STAGES: Readonly<Record<Progress['stage'], string>> = {
  frames: 'making frames',
  spectra: 'taking gradient spectra',
  measuring: 'measuring batches',
  summary: 'computing results',
};
const STAGE_NAMES = Object.keys(STAGES);
const BAR = 24;
const REDRAW_MS = 100;
const PLAIN_MS = 15_000;

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressLine {
  private readonly stream: ProgressStream;
  private readonly quiet: boolean;
  private readonly now: () => number;
  private stage: Progress['stage'] | undefined;
  private stageStarted: number;
  private lastEvent: number;
  private lastShown = Number.NEGATIVE_INFINITY;
  private drawn = false;

  constructor(stream: ProgressStream, { quiet = false, now = () => performance.now() } = {}) {
    this.stream = stream;
    this.quiet = quiet;
    this.now = now;
    this.stageStarted = now();
    this.lastEvent = this.stageStarted;
  }

  /** A line that stays. */
  say(text: string): void {
    this.lastEvent = this.now();
    if (this.quiet) return;
    this.end();
    this.stream.write(`${text}\n`);
  }

  update(progress: Progress): void {
    if (this.quiet) return;
    const now = this.now();
    const first = progress.stage !== this.stage;
    if (first) {
      this.stage = progress.stage;
      // The first report comes when the first step is done: the stage began where the one before it ended.
      this.stageStarted = this.lastEvent;
    }
    this.lastEvent = now;
    const pause = this.stream.isTTY ? REDRAW_MS : PLAIN_MS;
    if (!first && now - this.lastShown < pause) return;
    this.lastShown = now;
    const left = timeLeft(now - this.stageStarted, progress);
    if (this.stream.isTTY) this.draw(progress, left);
    else this.stream.write(`${STAGES[progress.stage]}: ${progress.done} of ${progress.total}${left}\n`);
  }

  /** Takes the line that redraws off the terminal. */
  end(): void {
    if (this.drawn) this.stream.write('\r\u001b[2K');
    this.drawn = false;
  }

  private draw({ stage, done, total }: Progress, left: string): void {
    const filled = Math.round((BAR * done) / total);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
    const step = `${STAGE_NAMES.indexOf(stage) + 1}/${STAGE_NAMES.length}`;
    const line = `[${step}] ${STAGES[stage].padEnd(23)} ${bar} ${done}/${total}${left}`;
    // One column stays free: a full line would wrap, and could not be redrawn.
    this.stream.write(`\r\u001b[2K${line.slice(0, (this.stream.columns ?? 80) - 1)}`);
    this.drawn = true;
  }
}

/** The stage's remaining steps at the pace of those done: `, 2 min left`; nothing when it is over. */
function timeLeft(elapsedMs: number, { done, total }: Progress): string {
  const seconds = (elapsedMs / 1000) * ((total - done) / done);
  return done >= total ? '' : `, ${duration(seconds)} left`;
}
