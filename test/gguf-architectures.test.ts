/** Every architecture from GGUF, against the gguf package and transformers (`make-gguf-architectures.py`). */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint, readWeight } from '../src/checkpoint/index.ts';
import { openModel } from '../src/models/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { GGUF_FILES, loadGgufReference } from './support/gguf-architectures.ts';
import { expectReference } from './support/model-reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

it('are nine', () => expect([...GGUF_FILES.keys()]).toHaveLength(9));

describe.each([...GGUF_FILES])('%s', (name, path) => {
  const reference = loadGgufReference(name);

  it('has the weights that the gguf package decodes, bit for bit', async () => {
    const checkpoint = await openCheckpoint(path);
    const hashes = [...checkpoint.weights.keys()].map((weight) => [
      weight,
      createHash('sha256')
        .update(new Uint8Array(readWeight(checkpoint, weight).buffer))
        .digest('hex'),
    ]);
    expect(Object.fromEntries(hashes)).toEqual(reference.weights);
  });

  it('has the loss, norms and coverage of transformers in float64', async () => {
    const model = await openModel(path, { cacheFolder: folder });
    expect(model.warnings).toEqual([]);
    await expectReference(engine, model, reference, join(folder, `${name}.safetensors`));
  });
});
