/** What a model is: its layers as adapters see them, how it is stored, its tokenizer. */
import { moduleOf } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import { groupOf, type InspectedModel, type LinearLayer, originOf } from '../models/index.ts';
import { sizeOf } from '../numeric/index.ts';
import type { ModelSource } from '../record/index.ts';
import { describeTokenizer, type TokenizerDescription } from '../text/index.ts';
import { type StoredType, storedTypes } from './stored-types.ts';

export type { StoredType } from './stored-types.ts';

/** The layers of one role and shape. */
export interface ModuleInspection {
  /** By which PEFT's target modules mean them; others may have the same name. */
  readonly name: string;
  readonly role: string;
  readonly group: string;
  readonly layers: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: boolean;
  /** Of all of them together, biases left out. */
  readonly parameters: number;
}

/** LoRA on every linear layer of the blocks, as PEFT makes it. */
export interface LoraSize {
  readonly rank: number;
  readonly parameters: number;
  /** Of its file, in float32. */
  readonly bytes: number;
}

export interface ModelInspection {
  readonly kind: 'model';
  readonly path: string;
  /** Where on the hub it is from. */
  readonly hub?: ModelSource['hub'];
  readonly name: string;
  readonly architecture: string;
  readonly format: 'safetensors' | 'gguf';
  readonly files: readonly string[];
  /** Tied ones counted once. */
  readonly parameters: number;
  /** Of the stored weights. */
  readonly bytes: number;
  readonly stored: readonly StoredType[];
  readonly contextLength: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly tiedHead: boolean;
  readonly tokenizer: TokenizerDescription | null;
  /** Why there is none; null where there is one. */
  readonly noTokenizer: string | null;
  readonly modules: readonly ModuleInspection[];
  /** What PEFT's target_modules may say, beside `all-linear`. */
  readonly targetModules: readonly string[];
  readonly lora: readonly LoraSize[];
  readonly warnings: readonly string[];
}

const RANKS = [8, 16, 64];

/** @throws UserError where the tokenizer's files cannot be read. */
export function describeInspected(model: InspectedModel): ModelInspection {
  const { definition, checkpoint, path, name } = model;
  const { layers, weights, modelType, contextLength, hiddenSize, vocabularySize } = definition;
  const stored = storedTypes(weights.flatMap((weight) => checkpoint.weights.get(weight.name) ?? []));
  return {
    kind: 'model',
    path,
    ...originOf(path),
    name,
    architecture: modelType,
    format: checkpoint.format,
    files: checkpoint.files,
    parameters: weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0),
    stored,
    contextLength,
    hiddenSize,
    vocabularySize,
    tiedHead: definition.head !== 'lm_head.weight',
    ...tokenizerOf(checkpoint),
    modules: describeModules(layers),
    targetModules: [...new Set(layers.map(moduleOf))],
    lora: RANKS.map((rank) => {
      const parameters = layers.reduce(
        (sum, layer) => sum + rank * (layer.inFeatures + layer.outFeatures),
        0,
      );
      return { rank, parameters, bytes: 4 * parameters };
    }),
    warnings: checkpoint.warnings,
  };
}

/** A model without a tokenizer that can be read is one all the same; broken files of one are an error. */
function tokenizerOf(
  checkpoint: InspectedModel['checkpoint'],
): Pick<ModelInspection, 'tokenizer' | 'noTokenizer'> {
  try {
    return { tokenizer: describeTokenizer(checkpoint), noTokenizer: null };
  } catch (error) {
    if (!(error instanceof UserError) || !['tokenizer-missing', 'tokenizer-unsupported'].includes(error.code))
      throw error;
    return { tokenizer: null, noTokenizer: error.message.split('\n')[0]! };
  }
}

function describeModules(layers: readonly LinearLayer[]): ModuleInspection[] {
  const modules = new Map<string, ModuleInspection>();
  for (const layer of layers) {
    const { role, inFeatures, outFeatures, bias } = layer;
    const key = [moduleOf(layer), role, inFeatures, outFeatures, bias].join();
    const count = (modules.get(key)?.layers ?? 0) + 1;
    modules.set(key, {
      name: moduleOf(layer),
      role,
      group: groupOf(layer),
      layers: count,
      inFeatures,
      outFeatures,
      bias,
      parameters: count * inFeatures * outFeatures,
    });
  }
  return [...modules.values()];
}
