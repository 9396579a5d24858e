/** A model with its adapter added to the weights, as a Hugging Face folder of its own. */
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type HalfTensor, readWeight, type WeightSource, writeSafetensors } from '../../checkpoint/index.ts';
import { writeFolderAtomically } from '../../files/index.ts';
import { layerWeights, type Model } from '../../models/index.ts';
import { sizeOf, type Tensor } from '../../numeric/index.ts';
import { writeJsonAtomic } from '../../record/index.ts';
import { asStored, type SaveType } from '../save-model.ts';
import { ggufModelConfig, ggufTokenizerFiles } from './gguf-folder.ts';

export interface MergedOptions {
  /** Stored type of the weights; default the one that each has in the base, float32 for a GGUF file's. */
  readonly type?: SaveType;
  /** Written as `rankscope.json`. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Largest file of weights, bytes, which is held in memory while it is written; default 2 GB. */
  readonly shardBytes?: number;
}

/** Files that a Hugging Face folder may hold beside config and weights, and that a merge does not change. */
const COPIED = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'generation_config.json',
];

const STORED_TYPES: Readonly<Record<string, SaveType>> = { F16: 'float16', BF16: 'bfloat16' };

/**
 * Writes a new Hugging Face folder with the weights of `model`, an adapted one: linear layers as
 * {@link Model.readLayer} gives them, everything else from the base. From a GGUF file, config and tokenizer are
 * made from its header. Throws `UserError` `output-exists`, `cannot-write`.
 */
export async function exportMerged(
  folder: string,
  model: Model,
  { type, about, shardBytes = 2e9 }: MergedOptions,
): Promise<void> {
  await writeFolderAtomically(folder, async (target) => {
    await writeWeights(target, model, type, shardBytes);
    const { config, gguf, path } = model.checkpoint;
    const stored = type ?? (gguf === undefined ? undefined : 'float32');
    writeJsonAtomic(join(target, 'config.json'), {
      ...(gguf === undefined ? config : ggufModelConfig(config, gguf)),
      ...(stored === undefined ? {} : { torch_dtype: stored }),
    });
    if (gguf === undefined) {
      const present = new Set(await readdir(path));
      for (const file of COPIED) if (present.has(file)) await copyFile(join(path, file), join(target, file));
    } else {
      for (const [file, content] of Object.entries(ggufTokenizerFiles(path, gguf)))
        writeJsonAtomic(join(target, file), content);
    }
    writeJsonAtomic(join(target, 'rankscope.json'), about);
    await model.checkUnchanged();
  });
}

/** model.safetensors; or, when that would be too large, numbered shards with their index. */
async function writeWeights(
  target: string,
  model: Model,
  type: SaveType | undefined,
  shardBytes: number,
): Promise<void> {
  const { definition, checkpoint } = model;
  const layerOf = new Map(definition.layers.map((layer) => [layerWeights(layer)[0]!.name, layer]));
  const typeOf = (name: string) => type ?? storedType(checkpoint.weights.get(name)!);
  const read = (name: string, shape: readonly number[]): Tensor | HalfTensor => {
    const layer = layerOf.get(name);
    const values = layer === undefined ? readWeight(checkpoint, name) : model.readLayer(layer);
    return asStored(name, shape, values, typeOf(name));
  };
  const bytesOf = ({ name, shape }: (typeof definition.weights)[number]) =>
    sizeOf(shape) * (typeOf(name) === 'float32' ? 4 : 2);
  const shards = [...split(definition.weights, bytesOf, shardBytes)];
  const weightMap: Record<string, string> = {};
  for (const [index, weights] of shards.entries()) {
    const file = shards.length === 1 ? 'model.safetensors' : shardName(index, shards.length);
    const tensors = weights.map(({ name, shape }) => [name, read(name, shape)] as const);
    await writeSafetensors(join(target, file), Object.fromEntries(tensors), { format: 'pt' });
    for (const { name } of weights) weightMap[name] = file;
  }
  if (shards.length === 1) return;
  const size = definition.weights.reduce((sum, weight) => sum + bytesOf(weight), 0);
  writeJsonAtomic(join(target, 'model.safetensors.index.json'), {
    metadata: { total_size: size },
    weight_map: weightMap,
  });
}

const storedType = ({ dtype }: WeightSource): SaveType => STORED_TYPES[dtype] ?? 'float32';

const shardName = (index: number, count: number) =>
  `model-${[index + 1, count].map((n) => String(n).padStart(5, '0')).join('-of-')}.safetensors`;

/** Items in order, in groups of at most `limit` bytes unless one alone is larger. */
function* split<T>(items: readonly T[], bytesOf: (item: T) => number, limit: number): Generator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (group.length > 0 && bytes + bytesOf(item) > limit) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(item);
    bytes += bytesOf(item);
  }
  yield group;
}
