/** Progress on stderr: one line that redraws on a terminal, a plain line now and then anywhere else. */
import { wrap } from '../report/index.ts';
import { printable } from './print.ts';

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where progress goes that nobody asked for. */
export const SILENT: ProgressStream = { write: () => true };

export interface StatusLineOptions {
  /** Milliseconds between two states, on a terminal and elsewhere. */
  readonly redrawMs?: number;
  readonly plainMs?: number;
  readonly now?: () => number;
}

/** Broken at spaces, with what the line begins with before each. */
function wrapLine(text: string, columns = 80): string {
  const [indent = ''] = /^ */.exec(text) ?? [];
  const lines = wrap(text.slice(indent.length), Math.max(20, columns - indent.length));
  return lines.map((line) => indent + line).join('\n');
}

export class StatusLine {
  protected readonly now: () => number;
  /** Whether a state takes the place of the one before. */
  protected readonly redraws: boolean;
  private readonly stream: ProgressStream;
  private readonly pause: number;
  private lastShown = Number.NEGATIVE_INFINITY;
  private drawn = false;

  constructor(
    stream: ProgressStream,
    { redrawMs = 0, plainMs = 15_000, now = () => performance.now() }: StatusLineOptions = {},
  ) {
    this.stream = stream;
    this.now = now;
    // A dumb terminal shows the codes that take a line back.
    this.redraws = stream.isTTY === true && process.env.TERM !== 'dumb';
    this.pause = this.redraws ? redrawMs : plainMs;
  }

  /** A line that stays. */
  say(text: string): void {
    this.end();
    this.stream.write(
      `${this.stream.isTTY ? wrapLine(printable(text), this.stream.columns) : printable(text)}\n`,
    );
  }

  /** Takes the line that redraws off the terminal. */
  end(): void {
    if (this.drawn) this.stream.write('\r\u001b[2K');
    this.drawn = false;
  }

  /** Shows a state, unless one was shown just now; `always` even then. */
  protected show(state: string, always: boolean): void {
    const now = this.now();
    if (!always && now - this.lastShown < this.pause) return;
    this.lastShown = now;
    // One column stays free: a full line would wrap, and could not be redrawn.
    const shown = printable(state);
    if (this.redraws) this.stream.write(`\r\u001b[2K${shown.slice(0, (this.stream.columns ?? 80) - 1)}`);
    else this.stream.write(`${shown}\n`);
    this.drawn = this.redraws;
  }
}
