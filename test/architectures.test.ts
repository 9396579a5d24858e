/** Every architecture against transformers in float64: logits, loss, gradients, coverage, and ten training steps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readWeight } from '../src/checkpoint/index.ts';
import { Graph, type Value } from '../src/graph/index.ts';
import { buildLoss, floatProducts, lossGradients, lossInputs, openModel } from '../src/models/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { adamw, clipByGlobalNorm, loadGradients } from '../src/training/index.ts';
import { ARCHITECTURE_MODELS, loadArchitecture } from './support/architecture-reference.ts';
import { expectReference } from './support/model-reference.ts';
import { relativeError } from './support/reference.ts';

const TOLERANCE = 1e-5;
const cacheFolder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine();
afterAll(async () => {
  await engine.close();
  rmSync(cacheFolder, { recursive: true, force: true });
});

describe.each(ARCHITECTURE_MODELS)('%s equals transformers in float64', (name) => {
  const reference = loadArchitecture(name);
  const [batch] = reference.batches as [(typeof reference.batches)[0]];
  const shape = { sequences: batch.sequences, seqLen: batch.seqLen };
  const open = async () => {
    const model = await openModel(reference.folder, { cacheFolder, onWarning: () => {} });
    expect(model.warnings.length > 0, model.warnings.join('\n')).toBe(reference.warns);
    return model;
  };

  const expectGradient = (weight: string, gradient: Float32Array) => {
    const total = reference.adamw.gradientNorms[0]!;
    const wanted = reference.tensor(`gradient/${weight}`);
    // A bias of keys that do not turn moves every score of a query alike, which softmax does not see.
    if (Math.hypot(...wanted) < 1e-12 * total)
      expect(Math.hypot(...gradient), weight).toBeLessThan(1e-6 * total);
    else expect(relativeError(gradient, wanted), weight).toBeLessThan(TOLERANCE);
  };

  it('loss, gradient norms and coverage', async () => {
    await expectReference(engine, await open(), reference, join(cacheFolder, `${name}.safetensors`));
  });

  it('logits', async () => {
    const model = await open();
    const graph = new Graph();
    const { logits } = buildLoss(model.definition, model.weights(graph), graph, { lanes: 1, ...shape });
    graph.output('logits', logits());
    const program = await engine.load(graph);
    const outputs = await program.run(lossInputs([batch]));
    await program.release();
    expect(relativeError(outputs.logits!.data as Float32Array, reference.tensor('logits'))).toBeLessThan(
      TOLERANCE,
    );
  });

  it('gradients, where the backward pass makes every segment of the forward pass again', async () => {
    const model = await open();
    const graph = new Graph();
    const values = new Map<string, Value>();
    const mapped = model.weights(graph);
    const provider = floatProducts((weight) => {
      const value = mapped.value(weight);
      values.set(weight.name, value);
      return value;
    });
    const built = buildLoss(model.definition, provider, graph, { lanes: 1, ...shape, recomputed: 100 });
    // Two to a layer, or one where both halves of a block read the same.
    expect(built.segments).toBeGreaterThanOrEqual(model.definition.layers.length / 7);
    const names = [...values.keys()];
    lossGradients(built, [...values.values()]).forEach((gradient, index) => {
      graph.output(names[index]!, gradient);
    });
    const program = await engine.load(graph);
    const outputs = await program.run(lossInputs([batch]));
    await program.release();
    for (const name of names) expectGradient(name, outputs[name]!.data as Float32Array);
  });

  it('gradients of all weights, and ten steps of AdamW', async () => {
    const { definition, checkpoint } = await open();
    const weights = Object.fromEntries(
      definition.weights.map((weight) => [weight.name, readWeight(checkpoint, weight.name)]),
    );
    const asked = reference.adamw;
    const matrices = definition.weights.filter(({ shape: { length } }) => length === 2);
    const optimizer = adamw({ ...asked, decayed: new Set(matrices.map((weight) => weight.name)) });
    const state = optimizer.init(weights);
    const program = await loadGradients(engine, definition, shape);
    for (const [step, expected] of asked.losses.entries()) {
      const { loss, gradients } = await program.run(
        weights,
        reference.batches[step % reference.batches.length]!,
      );
      if (step === 0) {
        expect(Object.keys(gradients).toSorted()).toEqual(Object.keys(weights).toSorted());
        for (const [weight, gradient] of Object.entries(gradients)) expectGradient(weight, gradient);
      }
      const norm = clipByGlobalNorm(gradients, asked.clip);
      expect(Math.abs(loss / expected - 1), `loss of step ${step}`).toBeLessThan(1e-4);
      expect(Math.abs(norm / asked.gradientNorms[step]! - 1), `norm of step ${step}`).toBeLessThan(1e-4);
      optimizer.update(weights, gradients, state, asked.learningRate);
    }
  });
});
