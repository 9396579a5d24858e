import { describe, expect, it } from 'vitest';
import { type TrainingLoop, trainingSteps } from './loop.ts';
import { sgd } from './sgd.ts';

const batch = { tokens: new Int32Array(8), lossMask: new Uint8Array(8), sequences: 2, seqLen: 4 };

/** Minimizes x² / 2 from x = 4, whose gradient is x. */
function makeLoop(more: Partial<TrainingLoop> = {}) {
  const parameters = { x: Float32Array.of(4) };
  const taken: number[] = [];
  const loop: TrainingLoop = {
    parameters,
    optimizer: sgd(),
    state: { optimizer: { step: 0, first: {}, second: {} }, sequencesTaken: 0 },
    stream: {
      batch: (from) => {
        taken.push(from);
        return batch;
      },
    },
    perStep: 2,
    steps: 3,
    gradient: async () => ({ loss: parameters.x[0]! ** 2 / 2, gradients: { x: parameters.x.slice() } }),
    learningRate: (step) => 1 / 2 ** step,
    clip: null,
    ...more,
  };
  return { loop, parameters, taken };
}

describe('the steps of a training', () => {
  it('stand between gradients and update, and end with the run', async () => {
    const { loop, parameters, taken } = makeLoop();
    const seen: number[][] = [];
    for await (const ready of trainingSteps(loop)) {
      const before = parameters.x[0]!;
      expect(ready.gradients.x![0]).toBe(before);
      const { step, loss, learningRate, gradientNorm } = ready.update();
      seen.push([step, loss, learningRate, gradientNorm, parameters.x[0]!]);
    }
    expect(seen).toEqual([
      [1, 8, 0.5, 4, 2],
      [2, 2, 0.25, 2, 1.5],
      [3, 1.125, 0.125, 1.5, 1.3125],
    ]);
    expect(taken).toEqual([0, 2, 4]);
    expect(loop.state).toMatchObject({ optimizer: { step: 3 }, sequencesTaken: 6 });
  });

  it('go on from where a state stands', async () => {
    const state = { optimizer: { step: 2, first: {}, second: {} }, sequencesTaken: 10 };
    const { loop, taken } = makeLoop({ state });
    for await (const ready of trainingSteps(loop)) expect(ready.update().learningRate).toBe(0.125);
    expect(taken).toEqual([10]);
  });

  it('clip what is beyond the limit, and tell the norm before', async () => {
    const { loop, parameters } = makeLoop({ clip: 1, steps: 1 });
    for await (const ready of trainingSteps(loop)) expect(ready.update().gradientNorm).toBe(4);
    expect(parameters.x[0]).toBeCloseTo(4 - 0.5, 6);
  });

  it('end after the one in progress when they are stopped', async () => {
    const abort = new AbortController();
    const { loop } = makeLoop({ signal: abort.signal });
    for await (const ready of trainingSteps(loop)) {
      abort.abort();
      ready.update();
    }
    expect(loop.state.optimizer.step).toBe(1);
  });

  it('are updated once each, unless the run ends with them', async () => {
    const { loop, parameters } = makeLoop();
    for await (const _ of trainingSteps(loop)) break;
    expect(parameters.x[0]).toBe(4);
    const idle = async () => {
      for await (const _ of trainingSteps(makeLoop().loop));
    };
    await expect(idle()).rejects.toThrow('step 1 was not updated');
    const twice = async () => {
      for await (const ready of trainingSteps(makeLoop().loop)) {
        ready.update();
        ready.update();
      }
    };
    await expect(twice()).rejects.toThrow('step 1 is updated twice');
  });
});
