import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJobRunner } from './run-job.ts';
import { prepareSetting } from './settings.ts';
import type { ObserveResult, TrainTrial, TrainTrialResult } from './trial.ts';

const asset = (path: string) => fileURLToPath(new URL(`../../assets/${path}`, import.meta.url));

const plain: TrainTrial = {
  kind: 'train',
  setting: 'pretrained',
  family: 'core',
  basis: 'svd',
  rank: 8,
  layers: '*attn*',
  learningRate: 0.01,
  steps: 4,
  seed: 0,
};

let runner: ReturnType<typeof createJobRunner>;
const train = async (change: Partial<TrainTrial> = {}) =>
  (await runner.run({ kind: 'trial', trial: { ...plain, ...change } })) as TrainTrialResult;

beforeAll(async () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
  const { setting, contents, identity } = await prepareSetting({
    kind: 'pretrained',
    model: asset('model'),
    data: asset('text/moby-dick.txt'),
    quick: true,
    cacheFolder,
  });
  runner = createJobRunner({
    settings: [setting],
    contents: { pretrained: contents },
    identities: { pretrained: identity },
    cacheFolder,
    threads: 1,
  });
});
afterAll(() => runner.close());

describe('a training trial', () => {
  it('gives the same numbers to the last digit when it runs again', async () => {
    expect(await train()).toEqual(await train());
  });

  it('judges as it goes what a shorter run judges at its end', async () => {
    const [long, short] = [await train(), await train({ steps: 3 })];
    expect(short.evalLosses).toEqual(long.evalLosses.filter(({ step }) => step === 3));
    expect(long.losses.slice(0, 3)).toEqual(short.losses);
    expect(long.parameters).toBe(8 * 8 * 8);
  });

  it('with a rank schedule learns as the smaller rank does until it grows', async () => {
    const [scheduled, small] = [
      await train({
        rankSchedule: [
          [1, 4],
          [3, 8],
        ],
      }),
      await train({ rank: 4 }),
    ];
    expect(scheduled.losses[2]).toBeCloseTo(small.losses[2]!, 5);
    expect(scheduled.losses[3]).not.toBeCloseTo(small.losses[3]!, 5);
  });

  it('with a shrinking schedule keeps what no longer learns', async () => {
    const [shrunk, whole] = [
      await train({
        rankSchedule: [
          [1, 8],
          [3, 1],
        ],
      }),
      await train({ steps: 2 }),
    ];
    // After the second step one number of each core still moves: the update stays nearly what it was.
    expect(Math.abs(shrunk.updateNorm / whole.updateNorm - 1)).toBeLessThan(0.2);
    expect(shrunk.updateEffectiveRank).toBeGreaterThan(2);
  });

  it('looks at directions without changing what is learned', async () => {
    const [watched, unwatched] = [await train({ watch: true }), await train()];
    expect(watched.losses).toEqual(unwatched.losses);
    const { fixedLosses, projectedFixed, fullFresh } = watched.watch!;
    expect(fixedLosses).toHaveLength(4);
    expect(projectedFixed).toHaveLength(3);
    for (const cosine of [...projectedFixed, ...fullFresh]) expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
  });

  it('sees the same direction twice on a fixed batch when nothing moves', async () => {
    const { watch } = await train({ watch: true, learningRate: 1e-12 });
    for (const cosine of [...watch!.projectedFixed, ...watch!.fullFixed]) expect(cosine).toBeCloseTo(1, 5);
    expect(Math.max(...watch!.projectedFresh)).toBeLessThan(0.99);
  });

  it('loses by what is cut away from a trained core', async () => {
    const { ablation, evalLosses } = await train({ ablate: true, layers: '*' });
    const whole = evalLosses.at(-1)!.loss;
    for (const loss of Object.values(ablation!)) expect(Math.abs(loss - whole)).toBeGreaterThan(1e-6);
  });

  it('stops when it diverges, and says where', async () => {
    const { divergedAt, losses } = await train({ learningRate: 1e30, steps: 5, layers: '*' });
    expect(divergedAt).toBe(losses.length);
    expect(losses.length).toBeLessThanOrEqual(5);
  });
});

describe('an observation', () => {
  it('lies at the null for random frames and above it for those of the gradient', async () => {
    const trial = { kind: 'observe', setting: 'pretrained', bases: ['random', 'gradient'], seed: 0 } as const;
    const { observation, evalLoss } = (await runner.run({ kind: 'trial', trial })) as ObserveResult;
    const at = (basis: string, family: string) =>
      observation.points.find(
        (point) =>
          point.basis === basis && point.family === family && point.rank === 16 && point.group === 'all',
      )!;
    expect(at('random', 'right').gain).toBeGreaterThan(0.6);
    expect(at('random', 'right').gain).toBeLessThan(1.6);
    expect(at('gradient', 'core').gain).toBeGreaterThan(20);
    expect(at('gradient', 'core').natural!.heldOut).toBeGreaterThan(0);
    expect(at('gradient', 'right').natural).toBeNull();
    expect(observation.ranks.mean).toBeGreaterThan(observation.ranks.batch);
    expect(evalLoss).toBeGreaterThan(4);
  });

  it('during training sees the weights as they then are', async () => {
    const { observations } = await train({ observe: { steps: [1, 4], bases: ['svd'] } });
    expect(observations!.map(({ step }) => step)).toEqual([1, 4]);
    const coverage = observations!.map(({ points }) => points[0]!.coverage);
    expect(coverage[0]).not.toBe(coverage[1]);
  });
});
