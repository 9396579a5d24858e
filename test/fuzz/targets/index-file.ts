/** Checkpoints in shards: the index, and the shards that it names. */
import { type Checkpoint, openCheckpoint } from '../../../src/checkpoint/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { textBytes } from '../kit/change-bytes.ts';
import { breakJson } from '../kit/json-case.ts';
import { chance } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { breakTensors, randomTensor, tensorFile } from '../kit/tensor-file.ts';

export const indexFile = defineTarget<Checkpoint>({
  name: 'index',
  weight: 200,
  make: makeShards,
  read: (folder) => openCheckpoint(folder),
});

function makeShards(rng: Rng): FuzzCase<Checkpoint> {
  const count = 1 + rng.integer(3);
  const shards = Array.from({ length: count }, (_, index) => ({
    name: `model-0000${index + 1}-of-0000${count}.safetensors`,
    tensors: Array.from({ length: 1 + rng.integer(3) }, (_, i) =>
      randomTensor(`h.${index}.w${i}`, [1 + rng.integer(3)], rng),
    ),
  }));
  const map = Object.fromEntries(
    shards.flatMap(({ name, tensors }) => tensors.map((one) => [one.name, name])),
  );
  const index = { metadata: { total_size: 4 * Object.keys(map).length }, weight_map: map };
  const inShard = chance(rng, 0.3);
  const document = breakJson(index, rng, {
    intact: inShard ? 1 : 0.25,
    breaks: ({ what, path }) =>
      what === 'retype' && (path === 'weight_map' || path.startsWith('weight_map/')),
  });
  const broken = inShard ? breakTensors(shards[0]!.tensors, rng) : undefined;
  const files: Record<string, Uint8Array> = {
    'config.json': textBytes('{"model_type":"gpt2"}'),
    'model.safetensors.index.json': document.bytes,
  };
  for (const { name, tensors } of shards) files[name] = tensorFile(tensors);
  if (broken !== undefined) files[shards[0]!.name] = broken.bytes;
  // Values are not looked at when a checkpoint is opened, and which weights are needed is not known yet.
  const openFault = broken !== undefined && /^(no |NaN|-?Infinity)/.test(broken.changes[0]!);
  return {
    files,
    verdict: broken === undefined ? document.verdict : openFault ? 'either' : broken.verdict,
    changes: [...document.changes, ...(broken?.changes ?? [])],
    check: ({ weights }) => {
      if (document.changes.length > 0 || broken !== undefined) return undefined;
      const names = Object.keys(map);
      const missing = names.find((name) => !weights.get(name)?.path.endsWith(map[name]!));
      return missing === undefined && weights.size === names.length
        ? undefined
        : `weight ${missing} was read otherwise`;
    },
  };
}
