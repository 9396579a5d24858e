import { describe, expect, it } from 'vitest';
import { StageClock } from './stage-clock.ts';

describe('StageClock', () => {
  it('adds up the visits to a stage, also of work that fails, and lists no stage that never ran', async () => {
    let now = 100;
    const clock = new StageClock(() => now);
    const spend = async (seconds: number) => {
      now += seconds;
      return seconds;
    };
    expect(await clock.time('measuring', () => spend(2))).toBe(2);
    await clock.time('frames/svd', () => spend(0.5));
    await clock.time('measuring', () => spend(3));
    const failing = clock.time('summary', async () => {
      now += 1;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    clock.add('opening', 4);
    expect(clock.seconds()).toEqual({ opening: 4, measuring: 5, summary: 1, 'frames/svd': 0.5 });
    clock.addShares({ 'frames/svd': 3, 'frames/natural': 9 }, 8);
    expect(clock.seconds()).toMatchObject({ opening: 4, 'frames/svd': 2.5, 'frames/natural': 6 });
  });
});
