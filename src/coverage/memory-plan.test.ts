/** A probe that keeps within less and less memory, until it cannot. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../../test/e2e/tiny-model.ts';
import { readSafetensorsHeader } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { openModel } from '../models/index.ts';
import type { ProbeRecord } from '../record/index.ts';
import { PROCESS_BYTES } from '../runtime/index.ts';
import { describePlan, type MemoryPlan, planMemory } from './memory-plan.ts';
import { probe } from './probe.ts';
import { resolveProbe } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OPTIONS = { ranks: [2, 4], batches: 4, calibrationBatches: 4, batchSize: 4 };
const TEXT = writeText(join(folder, 'text.txt'));

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  const opened = openModel(makeTinyModel(join(folder, name), undefined, name), { cacheFolder: folder });

  /** Plans for bounds that are each too small for the plan before, and the error that ends them. */
  async function plansDown(bases: readonly string[]): Promise<{ plans: MemoryPlan[]; refusal: UserError }> {
    const model = await opened;
    const wanted = { model, ...resolveProbe(model, { ...OPTIONS, bases }) };
    const plans: MemoryPlan[] = [];
    const step = () => Math.ceil(0.04 * (plans[0]!.estimatedBytes - PROCESS_BYTES));
    for (let bytes = 1e12; ; bytes = plans.at(-1)!.estimatedBytes - step()) {
      try {
        plans.push(planMemory(wanted, 0, { bytes, whence: 'as asked', asked: true }));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        return { plans, refusal: error as UserError };
      }
    }
  }

  it('does more and more to fit, says what, and then what it would take', async () => {
    const { plans, refusal } = await plansDown(['svd', 'gradient']);
    expect(plans[0]!.notes).toEqual([]);
    expect(describePlan(plans[0]!)).toMatchObject({ parts: 1, calibrationSweeps: 1, recomputedSegments: 0 });
    for (const plan of plans) {
      expect(plan.estimatedBytes).toBeLessThanOrEqual(plan.boundBytes);
      expect(plan.parts.flatMap(({ layers }) => layers)).toEqual((await opened).definition.layers);
    }
    const last = plans.at(-1)!;
    expect(describePlan(last).parts).toBeGreaterThan(1);
    expect(last.notes.join()).toContain('parts');
    expect(refusal.code).toBe('memory-bound');
    expect(refusal.message).toMatch(/at least [\d.]+ [MG]B/);
  });

  it('measures the same in parts and with segments made again', async () => {
    const model = await opened;
    const { plans } = await plansDown(['svd', 'random']);
    const [first, last] = [plans[0]!, plans.at(-1)!];
    const some = plans.find((plan) => describePlan(plan).recomputedSegments > 0)!;
    const run = async ({ boundBytes }: MemoryPlan, framesFile: string) => {
      const { record } = await probe(model, TEXT, {
        ...OPTIONS,
        bases: ['svd', 'random'],
        memory: boundBytes,
        framesFile: join(folder, framesFile),
      });
      return record;
    };
    const results = ({ global, layers, status }: ProbeRecord) => ({ global, layers, status });
    const whole = await run(first, `${name}-whole`);
    for (const plan of [some, last]) {
      const divided = await run(plan, `${name}-divided`);
      expect(divided.measured.memoryPlan).toEqual(describePlan(plan));
      expect(results(divided)).toEqual(results(whole));
      expect(divided.notes).toContainEqual(plan.notes[0]);
      const names = (file: string) =>
        [...readSafetensorsHeader(join(folder, file)).tensors.keys()].toSorted();
      expect(names(`${name}-divided`)).toEqual(names(`${name}-whole`));
    }
  });

  it('when it is stopped, keeps the parts that are done', async () => {
    const model = await opened;
    const last = (await plansDown(['random'])).plans.at(-1)!;
    const stop = new AbortController();
    const { record } = await probe(model, TEXT, {
      ...OPTIONS,
      bases: ['random'],
      memory: last.boundBytes,
      signal: stop.signal,
      onPass: ({ part }) => {
        if (part === 2) stop.abort();
      },
    });
    expect(record.status).toBe('partial');
    expect(record.layers.map((layer) => layer.name)).toEqual(
      last.parts[0]!.layers.map((layer) => layer.name),
    );
    expect(record.measured.batches).toBe(4);
    expect(record.notes.join()).toContain('Stopped when');
    expect(existsSync(join(folder, 'frames'))).toBe(false);
  });
});
