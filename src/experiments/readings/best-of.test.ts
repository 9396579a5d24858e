import { describe, expect, it } from 'vitest';
import { bestOf, lossBeyondBest, lossSpread } from './best-of.ts';

describe('the best of several arms', () => {
  it('lets the other seeds choose the rival', () => {
    // In seed 0 the first arm is ahead, but a seed has no say in its own rival.
    const lucky = [2, 5, 5];
    const steady = [3, 3, 3];
    expect(lossBeyondBest([4, 4, 4], [lucky, steady])).toEqual([1, 1, 1]);
  });

  it('takes the spread between arms that the other seeds name', () => {
    expect(
      lossSpread([
        [1, 1.1, 1.2],
        [2, 2.3, 2.6],
        [1.5, 1.5, 1.5],
      ]),
    ).toEqual([1, expect.closeTo(1.2, 12), expect.closeTo(1.4, 12)]);
  });

  it('knows nothing while a trial is missing', () => {
    expect(lossBeyondBest([1, 1], [undefined])).toBeUndefined();
    expect(lossBeyondBest(undefined, [[1, 1]])).toBeUndefined();
    expect(lossSpread([[1, 1], undefined])).toBeUndefined();
    expect(bestOf([[1, 1], undefined])).toBeUndefined();
    expect(
      bestOf([
        [2, 2],
        [1, 2],
      ]),
    ).toBe(1);
  });
});
