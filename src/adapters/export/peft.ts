/** Adapters as PEFT's LoRA reads them: adapter_config.json and adapter_model.safetensors. */
import { join } from 'node:path';
import { writeSafetensors } from '../../checkpoint/index.ts';
import { writeFolderAtomically } from '../../files/index.ts';
import { float32, type Tensor } from '../../numeric/index.ts';
import { writeJsonAtomic } from '../../record/index.ts';
import { type LowRankUpdate, largestRank, loraFactors } from './low-rank-update.ts';

export interface PeftOptions {
  /** What the adapter's config names as its base model: a path or a name on the hub. */
  readonly baseModel: string;
  /** The commit of a base model on the hub. */
  readonly revision?: string | undefined;
  /** One rank for all layers, zeros in what it adds: for loaders that know one rank only, such as vLLM. */
  readonly portable?: boolean;
  /** Written as `rankscope.json`; PEFT warns of keys in its own config that it does not know. */
  readonly about: Readonly<Record<string, unknown>>;
}

/**
 * Writes a new folder that PEFT loads onto the base model. B·A is the change itself: the file's alpha equals its
 * rank in every layer, so that PEFT's scale alpha / r is 1.
 * Throws `UserError` `output-exists`, `cannot-write`.
 *
 * @example
 * ```ts
 * await exportPeft('peft', lowRankUpdates(adapter.layers), { baseModel: model.path, about: {} });
 * ```
 */
export async function exportPeft(
  folder: string,
  updates: readonly LowRankUpdate[],
  { baseModel, revision, portable = false, about }: PeftOptions,
): Promise<void> {
  const largest = largestRank(updates);
  const tensors: Record<string, Tensor> = {};
  for (const update of updates) {
    const { name, inFeatures, outFeatures } = update.layer;
    const rank = portable ? largest : update.left.cols;
    const { a, b } = loraFactors(update, rank);
    tensors[`base_model.model.${name}.lora_A.weight`] = float32([rank, inFeatures], a);
    tensors[`base_model.model.${name}.lora_B.weight`] = float32([outFeatures, rank], b);
  }
  await writeFolderAtomically(folder, async (target) => {
    await writeSafetensors(join(target, 'adapter_model.safetensors'), tensors, { format: 'pt' });
    writeJsonAtomic(join(target, 'adapter_config.json'), {
      ...peftConfig(updates, baseModel, portable),
      ...(revision === undefined ? {} : { revision }),
    });
    writeJsonAtomic(join(target, 'rankscope.json'), about);
  });
}

function peftConfig(updates: readonly LowRankUpdate[], baseModel: string, portable: boolean) {
  const rank = largestRank(updates);
  const others = portable ? [] : updates.filter(({ left }) => left.cols !== rank);
  // PEFT takes a rank from rank_pattern without taking its alpha from there: both are needed, or the scale is wrong.
  const ranks = Object.fromEntries(others.map(({ layer, left }) => [layer.name, left.cols]));
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: rank,
    lora_alpha: rank,
    rank_pattern: ranks,
    alpha_pattern: ranks,
    target_modules: updates.map(({ layer }) => layer.name),
    fan_in_fan_out: updates.some(({ layer }) => layer.stored === 'in-out'),
    use_rslora: false,
    lora_dropout: 0,
    bias: 'none',
    inference_mode: true,
    // The values "pissa", "olora", "corda" and "lora_ga" would have the loader change the base weights.
    init_lora_weights: true,
  };
}
