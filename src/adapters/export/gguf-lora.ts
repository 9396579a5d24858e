/** Adapters as llama.cpp loads them: a GGUF file of LoRA factors under the base's GGUF names. */
import {
  findGgufNames,
  type GgufNames,
  type GgufTensor,
  storedRows,
  writeGguf,
} from '../../checkpoint/index.ts';
import { UserError } from '../../errors/index.ts';
import { refuseExisting } from '../../files/index.ts';
import type { Model } from '../../models/index.ts';
import { type LowRankUpdate, largestRank, loraFactors } from './low-rank-update.ts';

/**
 * Writes a GGUF adapter for the GGUF form of `base`, be that opened from GGUF or not.
 *
 * llama.cpp scales a layer's change by alpha / r with one alpha for the file and the layer's own r, so B of a
 * layer of rank r is written r / alpha times as large.
 * Throws {@link UserError} `gguf-unsupported` for a model that llama.cpp's converter is not known to take, `output-exists`, `cannot-write`.
 *
 * @example
 * ```ts
 * await exportGgufLora('adapter.gguf', model, lowRankUpdates(adapter.layers));
 * ```
 */
export async function exportGgufLora(
  path: string,
  base: Pick<Model, 'path' | 'definition'>,
  updates: readonly LowRankUpdate[],
): Promise<void> {
  const { modelType, computed } = base.definition;
  const heads = Number(computed.num_attention_heads);
  const names = findGgufNames(modelType, Number(computed.head_dim), heads);
  if (names === undefined) {
    throw new UserError('gguf-unsupported', (option) => ({
      what: `An adapter of ${base.path} cannot be written for llama.cpp.`,
      got: `model_type ${modelType}`,
      expected: 'a model that is read from GGUF',
      fix:
        `export with ${option('format')} peft and ${option('portable')}, and convert that with llama.cpp’s ` +
        'convert_lora_to_gguf.py',
    }));
  }
  await refuseExisting(path);
  const alpha = largestRank(updates);
  await writeGguf(
    path,
    {
      'general.architecture': names.architecture,
      'general.type': 'adapter',
      'adapter.type': 'lora',
      'adapter.lora.alpha': { float32: alpha },
    },
    updates.flatMap((update) => loraTensors(update, alpha, names)),
  );
}

function loraTensors(update: LowRankUpdate, alpha: number, names: GgufNames): GgufTensor[] {
  const { layer, left } = update;
  const rank = left.cols;
  const { a, b } = loraFactors(update, rank, rank / alpha);
  const { name, rowOrder } = names.nameOf(`${layer.name}.weight`);
  const tensor = (suffix: string, shape: readonly number[], { buffer }: Float32Array): GgufTensor => ({
    name: `${name}.${suffix}`,
    shape,
    type: 'F32',
    data: new Uint8Array(buffer),
  });
  return [
    tensor('lora_a', [rank, layer.inFeatures], a),
    tensor('lora_b', [layer.outFeatures, rank], rowOrder === undefined ? b : storedRows(b, rowOrder, rank)),
  ];
}
