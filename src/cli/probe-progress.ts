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
const STAGE_NAMES = Object.keys(STAGES) as Progress['stage'][];
const BAR = 24;
const REDRAW_MS = 100;
/** Steps after which the pace of a stage is known: the first ones make ready what all use, and some run side by side. */
const KNOWN_FROM = 4;

/** Time of a stage, and the part of it that is done. */
interface Spent {
  readonly ms: number;
  readonly done: number;
  /** Whether its pace is. */
  readonly known: boolean;
}

export class ProgressLine extends StatusLine {
  private stage: Progress['stage'] | undefined;
  /** What every stage took so far: calibration and frames take turns on a model that is calibrated in parts. */
  private readonly spent = new Map<Progress['stage'], Spent>();
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
    const ms = (this.spent.get(stage)?.ms ?? 0) + now - this.lastEvent;
    this.spent.set(stage, { ms, done: done / total, known: done >= Math.min(KNOWN_FROM, total / 2) });
    this.lastEvent = now;
    const left = timeLeft(this.spent, progress);
    const line = this.redraws ? barOf(progress) : `${titleOf(progress)}: ${done} of ${total}`;
    this.show(line + left, first);
  }
}

function barOf(progress: Progress): string {
  const { stage, done, total } = progress;
  const filled = Math.round((BAR * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  const step = `${STAGE_NAMES.indexOf(stage) + 1}/${STAGE_NAMES.length}`;
  return `[${step}] ${titleOf(progress).padEnd(23)} ${bar} ${done}/${total}`;
}

/** The stage, and how much of the whole it is thought to be. */
const titleOf = ({ stage, shares }: Progress): string =>
  shares === undefined ? STAGES[stage] : `${STAGES[stage]} ${Math.round(100 * shares[stage])} %`;

/**
 * `, 2 min left`; nothing when it is over. The stage's remaining steps at the pace of those done; and where the shares of
 * the stages are known, the time until all are over: a stage that has begun goes on at its own pace, one that has not
 * will take its share at the pace of all before.
 */
function timeLeft(spent: ReadonlyMap<Progress['stage'], Spent>, { stage, shares }: Progress): string {
  const rest = ({ ms, done }: Spent) => ms * ((1 - done) / done);
  const own = spent.get(stage)!;
  if (shares === undefined) return own.done < 1 ? `, ${duration(rest(own) / 1000)} left` : '';
  const known = [...spent].filter(([, one]) => one.known);
  const worked = known.reduce((sum, [name, { done }]) => sum + shares[name] * done, 0);
  const all = known.reduce((sum, [, { ms }]) => sum + ms, 0);
  const ahead = STAGE_NAMES.filter((name) => !spent.get(name)?.known)
    .map((name) => shares[name] * (1 - (spent.get(name)?.done ?? 0)))
    .reduce((sum, share) => sum + share, 0);
  if (worked === 0 || (ahead === 0 && known.every(([, { done }]) => done >= 1))) return '';
  const left = known.reduce((sum, [, one]) => sum + rest(one), 0) + (all / worked) * ahead;
  return `, ${duration(left / 1000)} left`;
}
