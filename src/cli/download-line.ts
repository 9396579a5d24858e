/** How far a download from the hub is. */
import type { DownloadProgress } from '../hub/index.ts';
import { duration } from './duration.ts';
import { type ProgressStream, StatusLine } from './status-line.ts';

const REDRAW_MS = 100;
/** A rate is that of so long; before a part of it, it says little. */
const WINDOW_MS = 15_000;
const KNOWN_AFTER_MS = 2000;

export class DownloadLine extends StatusLine {
  private id: string | undefined;
  /** How much had come when, of the last while. */
  private seen: { readonly ms: number; readonly received: number }[] = [];

  constructor(stream: ProgressStream, { now = () => performance.now() } = {}) {
    super(stream, { redrawMs: REDRAW_MS, now });
  }

  update({ id, total, done, received }: DownloadProgress): void {
    const begins = id !== this.id;
    if (begins) {
      this.id = id;
      this.seen = [];
      this.say(`downloading ${id}: ${size(total - done)}${done > 0 ? ` more, ${size(done)} are there` : ''}`);
    }
    const rate = this.rateOf(received);
    const pace = rate > 0 ? `, ${size(rate)}/s, ${duration((total - done) / rate)} left` : '';
    if (done < total) this.show(`${id}: ${size(done)} of ${size(total)}${pace}`, begins && this.redraws);
    else {
      this.end();
      this.id = undefined;
    }
  }

  /** Bytes a second, 0 while it is not known. */
  private rateOf(received: number): number {
    const now = this.now();
    const last = this.seen.at(-1);
    if (last === undefined || now - last.ms >= REDRAW_MS) this.seen.push({ ms: now, received });
    while (this.seen.length > 2 && this.seen[1]!.ms <= now - WINDOW_MS) this.seen.shift();
    const first = this.seen[0]!;
    return now - first.ms < KNOWN_AFTER_MS ? 0 : (1000 * (received - first.received)) / (now - first.ms);
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
