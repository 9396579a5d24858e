/** Progress through the stages of a probe. */
import type { Progress } from '../coverage/index.ts';
import { duration } from './duration.ts';
import { type ProgressStream, SILENT, StatusLine } from './status-line.ts';

const STAGES: Readonly<Record<Progress['stage'], string>> = {
  frames: 'making frames',
  measuring: 'measuring batches',
  summary: 'computing results',
};
const STAGE_NAMES = Object.keys(STAGES);
const BAR = 24;
const REDRAW_MS = 100;

export class ProgressLine extends StatusLine {
  private stage: Progress['stage'] | undefined;
  private stageStarted: number;
  private lastEvent: number;

  constructor(stream: ProgressStream, { quiet = false, now = () => performance.now() } = {}) {
    super(quiet ? SILENT : stream, { redrawMs: REDRAW_MS, now });
    this.stageStarted = now();
    this.lastEvent = this.stageStarted;
  }

  override say(text: string): void {
    this.lastEvent = this.now();
    super.say(text);
  }

  update(progress: Progress): void {
    const now = this.now();
    const first = progress.stage !== this.stage;
    if (first) {
      this.stage = progress.stage;
      // The first report comes when the first step is done: the stage began where the one before it ended.
      this.stageStarted = this.lastEvent;
    }
    this.lastEvent = now;
    const left = timeLeft(now - this.stageStarted, progress);
    const { stage, done, total } = progress;
    this.show(this.redraws ? barOf(progress) + left : `${STAGES[stage]}: ${done} of ${total}${left}`, first);
  }
}

function barOf({ stage, done, total }: Progress): string {
  const filled = Math.round((BAR * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  const step = `${STAGE_NAMES.indexOf(stage) + 1}/${STAGE_NAMES.length}`;
  return `[${step}] ${STAGES[stage].padEnd(23)} ${bar} ${done}/${total}`;
}

/** The stage's remaining steps at the pace of those done: `, 2 min left`; nothing when it is over. */
function timeLeft(elapsedMs: number, { done, total }: Progress): string {
  const seconds = (elapsedMs / 1000) * ((total - done) / done);
  return done >= total ? '' : `, ${duration(seconds)} left`;
}
