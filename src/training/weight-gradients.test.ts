import { describe, expect, it } from 'vitest';
import { loadReference, relativeError } from '../../test/support/reference.ts';
import { readWeight } from '../checkpoint/index.ts';
import { openModel } from '../models/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { adamw, clipByGlobalNorm, loadGradients } from './index.ts';

const MODELS = ['gpt2', 'llama', 'llama-tied'] as const;

async function open(name: (typeof MODELS)[number]) {
  const reference = loadReference(name);
  const { definition, checkpoint } = await openModel(reference.folder);
  const weights = Object.fromEntries(
    definition.weights.map((weight) => [weight.name, readWeight(checkpoint, weight.name)]),
  );
  return { reference, definition, weights };
}

describe.each(MODELS)('%s', (name) => {
  it.each([4, 2])('gradients in pieces of %i sequences equal PyTorch', async (sequences) => {
    const { reference, definition, weights } = await open(name);
    const batch = reference.batches[0]!;
    const engine = createOnnxEngine();
    const program = await loadGradients(engine, definition, { sequences, seqLen: batch.seqLen });
    const { loss, gradients } = await program.run(weights, batch);
    await engine.close();
    expect(Math.abs(loss / reference.json.losses[0] - 1)).toBeLessThan(1e-6);
    expect(Object.keys(gradients).toSorted()).toEqual(
      definition.weights.map((weight) => weight.name).toSorted(),
    );
    for (const [weight, gradient] of Object.entries(gradients)) {
      const expected = reference.tensors.get(`gradient/${weight}`)!.data;
      expect(relativeError(gradient, expected), weight).toBeLessThan(1e-5);
    }
  });

  it('ten AdamW steps equal torch.optim.AdamW', async () => {
    const { reference, definition, weights } = await open(name);
    const asked = reference.json.adamw;
    const matrices = definition.weights.filter(({ shape }) => shape.length === 2);
    const optimizer = adamw({ ...asked, decayed: new Set(matrices.map((weight) => weight.name)) });
    const state = optimizer.init(weights);
    const engine = createOnnxEngine();
    const { sequences, seqLen } = reference.batches[0]!;
    const program = await loadGradients(engine, definition, { sequences, seqLen });
    for (let step = 0; step < asked.losses.length; step++) {
      const batch = reference.batches[step % reference.batches.length]!;
      const { loss, gradients } = await program.run(weights, batch);
      const norm = clipByGlobalNorm(gradients, asked.clip);
      expect(Math.abs(loss / asked.losses[step] - 1), `loss of step ${step}`).toBeLessThan(1e-5);
      expect(Math.abs(norm / asked.gradientNorms[step] - 1), `norm of step ${step}`).toBeLessThan(1e-4);
      optimizer.update(weights, gradients, state, asked.learningRate);
    }
    await engine.close();
  });
});
