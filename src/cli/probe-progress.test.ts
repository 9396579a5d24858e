import { describe, expect, it } from 'vitest';
import { ProgressLine } from './probe-progress.ts';

function watch(terminal: { isTTY?: boolean; columns?: number } = {}, quiet = false) {
  const clock = { now: 0 };
  const written: string[] = [];
  const stream = { ...terminal, write: (text: string) => written.push(text) };
  return { clock, written, line: new ProgressLine(stream, { quiet, now: () => clock.now }) };
}

describe('ProgressLine', () => {
  it('redraws one line on a terminal, within its width', () => {
    const { clock, written, line } = watch({ isTTY: true, columns: 100 });
    clock.now = 2000;
    line.update({ stage: 'measuring', done: 4, total: 16 });
    expect(written).toEqual([
      '\r\u001b[2K[3/4] measuring batches       ██████░░░░░░░░░░░░░░░░░░ 4/16, 6 s left',
    ]);
    line.end();
    expect(written.at(-1)).toBe('\r\u001b[2K');
    const narrow = watch({ isTTY: true, columns: 20 });
    narrow.line.update({ stage: 'frames', done: 1, total: 2 });
    expect(narrow.written[0]).toBe('\r\u001b[2K[2/4] making frames');
  });

  it('clears the line before one that stays', () => {
    const { written, line } = watch({ isTTY: true });
    line.say('one');
    line.update({ stage: 'frames', done: 1, total: 1 });
    line.say('two');
    expect(written).toEqual(['one\n', expect.stringContaining('1/1'), '\r\u001b[2K', 'two\n']);
  });

  it('prints a line per stage elsewhere, and one every quarter of a minute', () => {
    const { clock, written, line } = watch();
    for (let done = 1; done <= 40; done++) {
      clock.now += 1000;
      line.update({ stage: 'measuring', done, total: 40 });
    }
    line.update({ stage: 'summary', done: 1, total: 300 });
    expect(written).toEqual([
      'measuring batches: 1 of 40, 39 s left\n',
      'measuring batches: 16 of 40, 24 s left\n',
      'measuring batches: 31 of 40, 9 s left\n',
      'computing results: 1 of 300, 1 s left\n',
    ]);
  });

  it('tells long times in minutes and hours, counted from the end of the stage before', () => {
    const { clock, written, line } = watch();
    clock.now = 1e9;
    line.say('opening');
    clock.now += 60_000;
    line.update({ stage: 'frames', done: 1, total: 11 });
    clock.now += 60_000;
    line.update({ stage: 'measuring', done: 1, total: 181 });
    expect(written.slice(1)).toEqual([
      'making frames: 1 of 11, 10 min left\n',
      'measuring batches: 1 of 181, 3.0 h left\n',
    ]);
  });

  it('counts the time of stages that take turns apart', () => {
    const { clock, written, line } = watch();
    const report = (ms: number, stage: 'calibration' | 'frames', done: number, total: number) => {
      clock.now += ms;
      line.update({ stage, done, total });
    };
    report(20_000, 'calibration', 1, 2);
    report(1000, 'frames', 1, 4);
    report(1000, 'frames', 2, 4);
    report(20_000, 'calibration', 2, 2);
    report(1000, 'frames', 3, 4);
    expect(written).toEqual([
      'calibrating: 1 of 2, 20 s left\n',
      'making frames: 1 of 4, 3 s left\n',
      'calibrating: 2 of 2\n',
      'making frames: 3 of 4, 1 s left\n',
    ]);
  });

  it('tells a stage with its share, and the time until all are over, near the real one as soon as it is told', () => {
    const { clock, written, line } = watch();
    // Thought to take a tenth less, or more, than it does.
    const shares = { calibration: 0.4, frames: 0.3, measuring: 0.25, summary: 0.05 };
    const real = { calibration: 36_000, frames: 33_000, measuring: 26_000, summary: 5000 };
    const steps = { calibration: 4, frames: 210, measuring: 8, summary: 210 };
    const told: number[] = [];
    let rest = 100_000;
    for (const stage of ['calibration', 'frames', 'measuring', 'summary'] as const) {
      for (let done = 1; done <= steps[stage]; done++) {
        clock.now += real[stage] / steps[stage];
        rest -= real[stage] / steps[stage];
        const before = written.length;
        line.update({ stage, done, total: steps[stage], shares });
        const left = written[before]?.match(/, (\d+) s left/)?.[1];
        if (left !== undefined && rest > 5000) told.push(Number(left) / (rest / 1000));
      }
    }
    expect(written[0]).toBe('calibrating 40 %: 1 of 4\n');
    expect(written[1]).toBe('calibrating 40 %: 3 of 4, 63 s left\n');
    expect(Math.max(...told)).toBeLessThan(1.25);
    expect(Math.min(...told)).toBeGreaterThan(0.8);
    expect(told.length).toBeGreaterThan(4);
  });

  it('says nothing when told so', () => {
    const { written, line } = watch({ isTTY: true }, true);
    line.say('one');
    line.update({ stage: 'frames', done: 1, total: 2 });
    line.end();
    expect(written).toEqual([]);
  });
});
