/** PEFT goes on from an adapter as an advice starts it, and its steps give the losses that ours give. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exportPeft, lowRankUpdates, startAdapter, trainedArrays } from '../../src/adapters/index.ts';
import { openModel } from '../../src/models/index.ts';
import { createRng } from '../../src/numeric/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import type { Batch } from '../../src/text/index.ts';
import { adamw, loadAdapterGradients, trainingSteps } from '../../src/training/index.ts';
import { loadReference } from '../support/reference.ts';
import { findPython } from './tools.ts';

const STEPS = 10;
const RATE = 0.02;
const folder = mkdtempSync(join(tmpdir(), 'interop-training-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const python = await findPython();
const because = python.missing === undefined ? '' : ` (skipped: no ${python.missing})`;

describe.skipIf(python.missing !== undefined)(`training in PEFT${because}`, () => {
  it.each(['gpt2', 'llama'] as const)(
    '%s: ten steps from a start in frames give our losses',
    async (name) => {
      const reference = loadReference(name);
      const model = await openModel(reference.folder, { cacheFolder: join(folder, 'cache') });
      const engine = createOnnxEngine();
      const plans = model.definition.layers.map((layer, index) => ({
        layer,
        family: 'factors' as const,
        basis: 'svd',
        rank: 2 + (index % 2),
        scale: 1,
      }));
      const making = { ridge: 0.3, start: 'zero', rng: createRng(1), onProgress: () => {} } as const;
      const adapter = await startAdapter({ model, engine, plans, calibration: [], ...making });
      const out = join(folder, name);
      await exportPeft(out, lowRankUpdates(adapter.layers), { baseModel: model.path, about: {} });
      const batches: Batch[] = Array.from({ length: STEPS }, (_, step) => {
        const batch = reference.batches[step % reference.batches.length]!;
        return { ...batch, lossMask: batch.lossMask.map(() => 1) };
      });
      const theirs = (
        await python.tool!([
          {
            kind: 'train_peft',
            base: model.path,
            adapter: out,
            rate: RATE,
            batches: batches.map(({ tokens, sequences, seqLen }) =>
              Array.from({ length: sequences }, (_, row) => [
                ...tokens.subarray(row * seqLen, (row + 1) * seqLen),
              ]),
            ),
          },
        ])
      )[0] as number[];
      const { sequences, seqLen } = batches[0]!;
      const pass = { batchSize: sequences, seqLen, dropout: 0 };
      const program = await loadAdapterGradients(engine, model, adapter.layers, pass);
      const trained = trainedArrays(adapter);
      const optimizer = adamw();
      const ours: number[] = [];
      const loop = trainingSteps({
        parameters: trained,
        optimizer,
        state: { optimizer: optimizer.init(trained), sequencesTaken: 0 },
        stream: { batch: (taken) => batches[taken / sequences]! },
        perStep: sequences,
        steps: STEPS,
        gradient: (batch) => program.run(batch, createRng(0)),
        learningRate: () => RATE,
        clip: 1,
      });
      for await (const step of loop) ours.push(step.update().loss);
      await engine.close();
      expect(theirs).toHaveLength(STEPS);
      expect(ours.at(-1)!).toBeLessThan(ours[0]! - 0.1);
      ours.forEach((loss, step) => {
        expect(Math.abs(loss / theirs[step]! - 1), `step ${step + 1}`).toBeLessThan(1e-4);
      });
    },
    600_000,
  );
});
