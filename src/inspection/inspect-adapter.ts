/** What an adapter is: ours, PEFT's, or a GGUF file for llama.cpp. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ADAPTER_TENSORS } from '../adapters/index.ts';
import { openSafetensors, readGgufHeader, type WeightSource } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { readJsonObject, SIZE_LIMITS } from '../files/index.ts';
import { sizeOf } from '../numeric/index.ts';
import { placeOf, readAdapterRecord } from '../record/index.ts';
import { type StoredType, storedTypes } from './stored-types.ts';

export interface AdapterInspection {
  readonly kind: 'adapter';
  readonly path: string;
  /** Whose files it is in. */
  readonly form: 'rankscope' | 'peft' | 'gguf';
  /** `factors` and other families of ours; `LORA` and other types of PEFT. */
  readonly families: readonly string[];
  /** Where ours started; none for others. */
  readonly bases: readonly string[];
  /** Each once, ascending. */
  readonly ranks: readonly number[];
  /** lora_alpha, where the file has one. */
  readonly alpha: number | null;
  /** Factors of the updates, each once: alpha / r for PEFT's. */
  readonly scales: readonly number[];
  /** Ends of the names of the modules that have one. */
  readonly targetModules: readonly string[];
  readonly layers: number;
  /** Path or name of the model that it belongs to; null where nothing says it. */
  readonly baseModel: string | null;
  /** That are trained. */
  readonly parameters: number;
  readonly stored: readonly StoredType[];
  /** Of its weights' file. */
  readonly bytes: number;
}

export const PEFT_CONFIG = 'adapter_config.json';
export const PEFT_TENSORS = 'adapter_model.safetensors';

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
const ascending = (values: readonly number[]) => distinct(values).toSorted((a, b) => a - b);
const lastWord = (name: string) => name.split('.').at(-1)!;

/** An adapter of ours: its folder, or the `adapter.json` in it. Throws as `readAdapterRecord`. */
export function inspectOwnAdapter(path: string): AdapterInspection {
  const { layers, model, trainedParameters } = readAdapterRecord(path);
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  const { weights } = openSafetensors(join(folder, ADAPTER_TENSORS));
  return {
    kind: 'adapter',
    path,
    form: 'rankscope',
    families: distinct(layers.map(({ family }) => family)),
    bases: distinct(layers.map(({ basis }) => basis)),
    ranks: ascending(layers.map(({ rank }) => rank)),
    alpha: null,
    scales: ascending(layers.map(({ scale }) => scale)),
    targetModules: distinct(layers.map(({ name }) => lastWord(name))),
    layers: layers.length,
    baseModel: placeOf(model),
    parameters: trainedParameters,
    ...sizes(weights.values()),
  };
}

/** The fields that are told; what else PEFT writes is passed over. */
const peftSchema = z.object({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive().nullish(),
  lora_alpha: z.number().nullish(),
  use_rslora: z.boolean().nullish(),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
});

/** A folder with `adapter_config.json` and `adapter_model.safetensors`. */
export function inspectPeftAdapter(folder: string): AdapterInspection {
  const path = join(folder, PEFT_CONFIG);
  const fix = 'save the adapter again with PEFT: model.save_pretrained(folder)';
  const raw = readJsonObject(path, { limit: SIZE_LIMITS.config, code: 'adapter-config-invalid', fix });
  const parsed = peftSchema.safeParse(raw);
  if (!parsed.success) {
    const got = z.prettifyError(parsed.error).split('\n');
    throw new UserError('adapter-config-invalid', { what: `${path} is not an adapter’s config.`, got, fix });
  }
  const { peft_type: type, r, lora_alpha: alpha, use_rslora: rooted } = parsed.data;
  const tensors = join(folder, PEFT_TENSORS);
  if (!existsSync(tensors)) {
    throw new UserError('adapter-incomplete', {
      what: `${folder} has an adapter’s config and no weights that can be read.`,
      got: `no ${PEFT_TENSORS}`,
      expected: 'weights as safetensors: pickled ones (.bin) are not read',
      fix,
    });
  }
  const weights = [...openSafetensors(tensors).weights.values()];
  const factors = weights.flatMap(({ name, shape }) => {
    const [, module] = /^(?:base_model\.model\.)?(.+)\.lora_A(?:\.[^.]+)?\.weight$/.exec(name) ?? [];
    return module === undefined ? [] : [{ module, rank: shape[0] ?? 0 }];
  });
  const ranks = ascending(factors.length > 0 ? factors.map(({ rank }) => rank) : r ? [r] : []);
  return {
    kind: 'adapter',
    path: folder,
    form: 'peft',
    families: [type],
    bases: [],
    ranks,
    alpha: alpha ?? null,
    // Ranks of a pattern have alphas of their own there: what is told is the config's own.
    scales: alpha && r ? [alpha / (rooted ? Math.sqrt(r) : r)] : [],
    targetModules: distinct(factors.map(({ module }) => lastWord(module))),
    layers: distinct(factors.map(({ module }) => module)).length,
    baseModel: parsed.data.base_model_name_or_path ?? null,
    parameters: weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    ...sizes(weights),
  };
}

/** Whether a GGUF file says that it is an adapter. Throws as `readGgufHeader`. */
export function inspectGgufAdapter(path: string): AdapterInspection | null {
  const { metadata, tensors } = readGgufHeader(path);
  if (metadata.string('general.type') !== 'adapter') return null;
  const factors = tensors.filter(({ name }) => name.endsWith('.lora_a'));
  const ranks = ascending(factors.map(({ shape }) => shape[0] ?? 0));
  const alpha = metadata.number('adapter.lora.alpha') ?? null;
  return {
    kind: 'adapter',
    path,
    form: 'gguf',
    families: [metadata.string('adapter.type') ?? 'lora'],
    bases: [],
    ranks,
    alpha,
    scales: alpha === null ? [] : ranks.map((rank) => alpha / rank),
    targetModules: distinct(factors.map(({ name }) => lastWord(name.replace(/\.weight\.lora_a$/, '')))),
    layers: factors.length,
    baseModel: metadata.string('general.base_model.0.name') ?? null,
    parameters: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    ...sizes(tensors),
  };
}

function sizes(weights: Iterable<WeightSource>) {
  const stored = storedTypes(weights);
  return { stored, bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0) };
}
