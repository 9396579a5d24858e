/** How far a download from the hub is. */
import type { DownloadProgress } from '../hub/index.ts';
import { duration } from './duration.ts';
import { type ProgressStream, StatusLine } from './status-line.ts';

const REDRAW_MS = 100;
/** Before that, a rate says little. */
const KNOWN_AFTER_MS = 2000;

export class DownloadLine extends StatusLine {
  private id: string | undefined;
  private started = 0;

  constructor(stream: ProgressStream, { now = () => performance.now() } = {}) {
    super(stream, { redrawMs: REDRAW_MS, now });
  }

  update({ id, total, done, received }: DownloadProgress): void {
    const begins = id !== this.id;
    if (begins) {
      this.id = id;
      this.started = this.now();
      this.say(`downloading ${id}: ${size(total - done)}${done > 0 ? ` more, ${size(done)} are there` : ''}`);
    }
    const ms = this.now() - this.started;
    const rate = ms < KNOWN_AFTER_MS ? 0 : (1000 * received) / ms;
    const pace = rate > 0 ? `, ${size(rate)}/s, ${duration((total - done) / rate)} left` : '';
    if (done < total) this.show(`${id}: ${size(done)} of ${size(total)}${pace}`, begins && this.redraws);
    else {
      this.end();
      this.id = undefined;
    }
  }
}

/** What a command tells of downloads: `onDownload` of opening a model. */
export function tellDownload(stream: ProgressStream): (progress: DownloadProgress) => void {
  const line = new DownloadLine(stream);
  return (progress) => line.update(progress);
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}
