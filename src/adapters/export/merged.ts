/** A model with its adapter added to the weights, as a Hugging Face folder of its own. */
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type HalfTensor, readWeight, type WeightSource, writeSafetensors } from '../../checkpoint/index.ts';
import { writeFolderAtomically } from '../../files/index.ts';
import { asStored, layerWeights, type Model, writeConfig } from '../../models/index.ts';
import { sizeOf, type Tensor } from '../../numeric/index.ts';
import { type SaveType, writeJsonAtomic } from '../../record/index.ts';
import { ggufModelConfig, ggufTokenizerFiles } from './gguf-folder.ts';
import { type Rounding, RoundingSum } from './rounding.ts';

export interface MergedOptions {
  /** Stored type of the weights; default the one that each has in the base, float32 for all of a GGUF file. */
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
  'spiece.model',
  'sentencepiece.bpe.model',
  'chat_template.json',
  'chat_template.jinja',
  'generation_config.json',
];

const STORED_TYPES: Readonly<Record<string, SaveType>> = { F16: 'float16', BF16: 'bfloat16' };

/**
 * Writes a new Hugging Face folder with the weights of `model`, an adapted one: linear layers as
 * {@link Model.readLayer} gives them, everything else from the base. From a GGUF file, config and tokenizer are
 * made from its header. What rounding took of the change goes into `rankscope.json` too.
 *
 * @returns that, null where nothing was rounded or changed.
 * @throws UserError `output-exists`, `cannot-write`, `weights-too-large`, `model-changed`.
 *
 * @example
 * ```ts
 * await exportMerged('merged', adaptedModel(model, adapter), { type: 'bfloat16', about: {} });
 * ```
 */
export async function exportMerged(
  folder: string,
  model: Model,
  { type, about, shardBytes = 2e9 }: MergedOptions,
): Promise<Rounding | null> {
  const { config, gguf, path, weights } = model.checkpoint;
  const typeOf = (name: string): SaveType =>
    type ?? (gguf === undefined ? storedType(weights.get(name)!) : 'float32');
  const types = new Set(model.definition.weights.map(({ name }) => typeOf(name)));
  let rounding: Rounding | null = null;
  await writeFolderAtomically(folder, async (target) => {
    rounding = await writeWeights(target, model, typeOf, shardBytes);
    const asInBase = gguf === undefined ? config : ggufModelConfig(config, gguf);
    writeConfig(target, asInBase, types.size === 1 ? [...types][0] : undefined);
    if (gguf === undefined) {
      const present = new Set(await readdir(path));
      for (const file of COPIED) if (present.has(file)) await copyFile(join(path, file), join(target, file));
    } else {
      for (const [file, content] of Object.entries(ggufTokenizerFiles(path, gguf)))
        writeJsonAtomic(join(target, file), content);
    }
    writeJsonAtomic(join(target, 'rankscope.json'), { ...about, ...(rounding === null ? {} : { rounding }) });
    await model.checkUnchanged();
  });
  return rounding;
}

/** model.safetensors; or, when that would be too large, numbered shards with their index. */
async function writeWeights(
  target: string,
  model: Model,
  typeOf: (name: string) => SaveType,
  shardBytes: number,
): Promise<Rounding | null> {
  const { definition, checkpoint } = model;
  const layerOf = new Map(definition.layers.map((layer) => [layerWeights(layer)[0]!.name, layer]));
  const sum = new RoundingSum();
  const read = (name: string, shape: readonly number[]): Tensor | HalfTensor => {
    const layer = layerOf.get(name);
    const base = readWeight(checkpoint, name);
    if (layer === undefined) return asStored(name, shape, base, typeOf(name));
    const merged = model.readLayer(layer);
    const stored = asStored(name, shape, merged, typeOf(name));
    if (typeOf(name) !== 'float32') sum.add(layer.name, base, merged, stored);
    return stored;
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
  if (shards.length === 1) return sum.result;
  const size = definition.weights.reduce((total, weight) => total + bytesOf(weight), 0);
  writeJsonAtomic(join(target, 'model.safetensors.index.json'), {
    metadata: { total_size: size },
    weight_map: weightMap,
  });
  return sum.result;
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
