/** Progress through the stages of a probe. */
import type { Progress } from '../coverage/index.ts';
import { duration } from './duration.ts';
import { type ProgressStream, SILENT, StatusLine } from './status-line.ts';

const STAGES: Readonly<Record<Progress['stage'], string>> = {
  calibration: 'calibrating',
  frames: 'making frames',
  measuring: 'measuring batches',
  summary: 'computing results',
};
const STAGE_NAMES = Object.keys(STAGES);
const BAR = 24;
const REDRAW_MS = 100;

export class ProgressLine extends StatusLine {
  private stage: Progress['stage'] | undefined;
  /** Milliseconds of every stage: calibration and frames take turns on a model that is calibrated in parts. */
  private readonly spent = new Map<Progress['stage'], number>();
  private lastEvent: number;

  constructor(stream: ProgressStream, { quiet = false, now = () => performance.now() } = {}) {
    super(quiet ? SILENT : stream, { redrawMs: REDRAW_MS, now });
    this.lastEvent = now();
  }

  override say(text: string): void {
    this.lastEvent = this.now();
    super.say(text);
  }

  update(progress: Progress): void {
    const now = this.now();
    const { stage, done, total } = progress;
    const first = stage !== this.stage;
    this.stage = stage;
    // A report comes when a step is done: it began where the step before it ended, of whatever stage.
    const spent = (this.spent.get(stage) ?? 0) + now - this.lastEvent;
    this.spent.set(stage, spent);
    this.lastEvent = now;
    const left = timeLeft(spent, progress);
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
function timeLeft(spentMs: number, { done, total }: Progress): string {
  const seconds = (spentMs / 1000) * ((total - done) / done);
  return done >= total ? '' : `, ${duration(seconds)} left`;
}
