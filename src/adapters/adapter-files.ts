/** An adapter on disk: `adapter.json` says what it is, `adapter.safetensors` holds its numbers. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readTensors, writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { differingConfig, type InspectedModel, type StoredLayer } from '../models/index.ts';
import type { Tensor } from '../numeric/index.ts';
import { ADAPTER_FILE, type AdapterRecord, readAdapterRecord, writeJsonAtomic } from '../record/index.ts';
import { type Adapter, type LayerAdapter, tensorName } from './adapter.ts';
import { FAMILY_RULES } from './families.ts';
import { trainedShapes } from './layer-update.ts';

export const ADAPTER_TENSORS = 'adapter.safetensors';

/**
 * Writes an adapter into a folder, each of its two files whole or not at all, the numbers first: a folder with an
 * `adapter.json` is one that can be loaded. Throws {@link UserError} `cannot-write`.
 *
 * @example
 * ```ts
 * await saveAdapter('runs/copy', adapter);
 * ```
 */
export async function saveAdapter(directory: string, { record, layers }: Adapter): Promise<void> {
  const tensors = layers.flatMap(({ layer, frozen, trained }) =>
    Object.entries({ ...frozen, ...trained }).map(
      ([part, tensor]) => [tensorName(layer.name, part), tensor] as const,
    ),
  );
  await writeSafetensors(join(directory, ADAPTER_TENSORS), Object.fromEntries(tensors), {
    format: 'rankscope.adapter',
  });
  writeJsonAtomic(join(directory, ADAPTER_FILE), record);
}

/**
 * Reads an adapter: its folder, a training run's folder, or the `adapter.json` inside.
 *
 * @param model when given, the adapter must belong to it.
 * @throws UserError those of `readAdapterRecord`; `adapter-damaged` when tensors are missing, left over or of
 *   another shape; `adapter-of-another-model`.
 *
 * @example
 * ```ts
 * const adapter = await loadAdapter('runs/first', await openModel('./my-model'));
 * console.log(adapter.record.trainedParameters);
 * ```
 */
export async function loadAdapter(path: string, model?: InspectedModel): Promise<Adapter> {
  const record = readAdapterRecord(path);
  if (model !== undefined) await checkModel(path, record, model);
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  const file = join(folder, ADAPTER_TENSORS);
  const tensors = new Map(readTensors(file).tensors);
  const take = (name: string, shape: readonly number[]): Tensor => {
    const tensor = tensors.get(name);
    tensors.delete(name);
    if (tensor?.shape.join() === shape.join()) return tensor;
    throw damaged(file, name, tensor === undefined ? 'no such tensor' : `[${tensor.shape}]`, `[${shape}]`);
  };
  const layers = record.layers.map((entry): LayerAdapter => {
    const { family, basis, rank, scale, name, inFeatures, outFeatures, stored, bias } = entry;
    const layer: StoredLayer = { name, inFeatures, outFeatures, stored, bias };
    const frozen = FAMILY_RULES[family].frozen.map((side) => [
      side,
      take(tensorName(name, side), [side === 'u' ? inFeatures : outFeatures, rank]),
    ]);
    const trained = Object.entries(trainedShapes(family, layer, rank)).map(([part, shape]) => [
      part,
      take(tensorName(name, part), shape),
    ]);
    return {
      layer,
      family,
      basis,
      rank,
      scale,
      frozen: Object.fromEntries(frozen),
      trained: Object.fromEntries(trained),
    };
  });
  for (const name of tensors.keys()) throw damaged(file, name, 'a tensor that no layer has', 'nothing else');
  return { record, layers };
}

async function checkModel(path: string, record: AdapterRecord, model: InspectedModel): Promise<void> {
  const known = new Map(model.definition.layers.map((layer) => [layer.name, layer]));
  const sideways = record.layers.find(({ name, inFeatures, outFeatures }) => {
    const layer = known.get(name);
    return layer?.inFeatures !== inFeatures || layer.outFeatures !== outFeatures;
  });
  const sha256 = await model.checkpoint.sha256();
  const { config } = record.model;
  if (sideways === undefined && sha256 === record.model.sha256) {
    if (config === undefined)
      model.warn(`${path} is of an older version: whether its model had the same config is unknown.`);
    checkConfig(path, config ?? model.definition.computed, model);
    return;
  }
  throw new UserError('adapter-of-another-model', {
    what: `the adapter ${path} belongs to another model than ${model.path}`,
    got:
      sideways === undefined
        ? `weights with sha256 ${sha256.slice(0, 12)}…`
        : `no layer ${sideways.name} of ${sideways.inFeatures} × ${sideways.outFeatures} in it`,
    expected: `${record.model.name} (${record.model.architecture}), sha256 ${record.model.sha256.slice(0, 12)}…, which was at ${record.model.path}`,
    fix: 'name the model that the adapter was trained on',
  });
}

/** The same weights compute something else under another config. */
function checkConfig(
  path: string,
  config: NonNullable<AdapterRecord['model']['config']>,
  model: InspectedModel,
): void {
  const differing = differingConfig(config, model.definition.computed);
  if (differing === null) return;
  throw new UserError('adapter-of-another-model', {
    what: `the adapter ${path} belongs to the weights of ${model.path} under another config`,
    got: differing.ours,
    expected: differing.theirs,
    fix: 'put back the config.json that the adapter was trained with, or train again',
  });
}

function damaged(file: string, name: string, got: string, expected: string): UserError {
  return new UserError('adapter-damaged', {
    what: `${file} does not fit its ${ADAPTER_FILE}: tensor ${name}`,
    got,
    expected,
    fix: 'the files were changed or mixed up: take both from one run',
  });
}
