import { describe, expect, it } from 'vitest';
import { DownloadLine } from './download-line.ts';

function lineOn(isTTY: boolean) {
  const written: string[] = [];
  const clock = { now: 0 };
  const line = new DownloadLine(
    { isTTY, columns: 80, write: (text: string) => written.push(text) },
    { now: () => clock.now },
  );
  return { line, written, clock };
}
const at = (done: number, received = done) => ({ id: 'org/tiny', total: 4_000_000_000, done, received });

describe('the line of a download', () => {
  it('tells bytes, rate and the time that is left', () => {
    const { line, written, clock } = lineOn(true);
    line.update(at(0));
    clock.now = 10_000;
    line.update(at(1_000_000_000));
    line.update({ ...at(4_000_000_000) });
    expect(written[0]).toBe('downloading org/tiny: 4.00 GB\n');
    expect(written.join('')).toContain('org/tiny: 1.00 GB of 4.00 GB, 100 MB/s, 30 s left');
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });

  it('tells the rate of the last while', () => {
    const { line, written, clock } = lineOn(true);
    for (let second = 0; second <= 60; second++) {
      clock.now = 1000 * second;
      line.update(at(second < 40 ? second * 1000 : 40_000 + (second - 40) * 50_000_000));
    }
    expect(written.at(-1)).toContain('1.00 GB of 4.00 GB, 50.0 MB/s, 60 s left');
  });

  it('counts what an earlier run left as there, not as fast', () => {
    const { line, written, clock } = lineOn(false);
    line.update(at(3_000_000_000, 0));
    clock.now = 20_000;
    line.update(at(3_020_000_000, 20_000_000));
    expect(written).toEqual([
      'downloading org/tiny: 1.00 GB more, 3.00 GB are there\n',
      'org/tiny: 3.00 GB of 4.00 GB\n',
      'org/tiny: 3.02 GB of 4.00 GB, 1.00 MB/s, 16 min left\n',
    ]);
  });
});
