/** An adapter on disk: its record and its tensors, each broken, or not belonging together. */

import { FAMILY_RULES } from '../../../src/adapters/families.ts';
import { ADAPTER_TENSORS, type Adapter, loadAdapter, trainedShapes } from '../../../src/adapters/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { ADAPTER_FAMILIES, ADAPTER_FILE } from '../../../src/record/index.ts';
import { breakJson, differs, strictRules } from '../kit/json-case.ts';
import { chance, pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { maybeBroken, type PlainTensor, randomTensor, tensorFile, together } from '../kit/tensor-file.ts';

const RULES = strictRules();

export const adapter = defineTarget<Adapter>({
  name: 'adapter',
  weight: 2,
  make: makeAdapter,
  read: (folder) => loadAdapter(folder),
});

function makeAdapter(rng: Rng): FuzzCase<Adapter> {
  const { record, tensors } = anyAdapter(rng);
  // One of the two is broken, so that the verdict on it is known.
  const breaksRecord = chance(rng, 0.5);
  const document = breakJson(record, rng, breaksRecord ? RULES : { ...RULES, intact: 1 });
  const metadata = { format: 'rankscope.adapter' };
  const numbers = breaksRecord
    ? { bytes: tensorFile(tensors, metadata), verdict: 'accept' as const, changes: [] }
    : maybeBroken(tensors, rng, metadata);
  const { verdict, changes } = together([document, numbers]);
  return {
    files: { [ADAPTER_FILE]: document.bytes, [ADAPTER_TENSORS]: numbers.bytes },
    verdict,
    changes,
    check: (read) => (changes.length > 0 ? undefined : compare(read, record, tensors)),
  };
}

function anyAdapter(rng: Rng) {
  const layers = Array.from({ length: 1 + rng.integer(3) }, (_, index) => {
    const family = pick(rng, ADAPTER_FAMILIES);
    const [inFeatures, outFeatures] = [2 + rng.integer(6), 2 + rng.integer(6)];
    const smaller = Math.min(inFeatures, outFeatures);
    return {
      name: `h.${index}.${pick(rng, ['attn', 'mlp', 'q_proj', '\u00e9'])}`,
      family,
      basis: pick(rng, ['svd', 'random', 'frames.safetensors#svd']),
      rank: family === 'full' ? smaller : 1 + rng.integer(smaller),
      scale: pick(rng, [1, 0.5, -2, 1e-3]),
      inFeatures,
      outFeatures,
      stored: pick(rng, ['in-out', 'out-in'] as const),
      bias: chance(rng, 0.5),
    };
  });
  const tensors = layers.flatMap(({ name, family, rank, inFeatures, outFeatures }) => {
    const shapes: Record<string, readonly number[]> = {
      ...trainedShapes(family, { inFeatures, outFeatures }, rank),
    };
    for (const side of FAMILY_RULES[family].frozen)
      shapes[side] = [side === 'u' ? inFeatures : outFeatures, rank];
    return Object.entries(shapes).map(([part, shape]) => randomTensor(`${name}/${part}`, shape, rng));
  });
  const record = {
    schema: 'rankscope.adapter',
    version: 1,
    model: { path: 'm', name: 'model', architecture: 'gpt2', sha256: 'ab' },
    layers,
    trainedParameters: 1 + rng.integer(1000),
  };
  return { record, tensors };
}

function compare(
  { record, layers }: Adapter,
  written: unknown,
  tensors: readonly PlainTensor[],
): string | undefined {
  const wrong = tensors.find(({ name, values }) => {
    const read = layers
      .flatMap((one) =>
        Object.entries({ ...one.frozen, ...one.trained }).map(
          ([part, t]) => [`${one.layer.name}/${part}`, t] as const,
        ),
      )
      .find(([found]) => found === name)?.[1];
    return (
      read === undefined ||
      read.data.length !== values.length ||
      values.some((value, i) => value !== read.data[i])
    );
  });
  return wrong === undefined ? differs(written, record) : `tensor ${wrong.name} was read otherwise`;
}
