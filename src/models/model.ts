/** A model that is ready to be put into graphs. */
import { basename } from 'node:path';
import { Cache, type Checkpoint, materialize, openCheckpoint, readWeight } from '../checkpoint/index.ts';
import { oneLine } from '../errors/index.ts';
import type { Graph } from '../graph/index.ts';
import { type DownloadProgress, hubOrigin, locateModel } from '../hub/index.ts';
import { sizeOf } from '../numeric/index.ts';
import type { OptionValues } from '../options/index.ts';
import type { Compute, Int8Kernel } from '../record/index.ts';
import { openTokenizer, type Tokenizer } from '../text/index.ts';
import { defaultCacheFolder } from './cache-folder.ts';
import { defineModel } from './define-model.ts';
import { layerWeights, type ModelDefinition, type StoredLayer, type WeightSpec } from './definition.ts';
import { floatProducts, type WeightProvider } from './forward.ts';
import { chooseKernel, KERNELS } from './int8/choose.ts';
import { int8Products, packedRanges, packWeights } from './int8/pack.ts';
import type { MODEL_OPTIONS } from './model-options.ts';
import { refuseEarly } from './refuse-early.ts';
import { watchModel } from './watch-model.ts';

/** Those of the table, with its defaults (`docs/options.md`), and what only a program can give. */
export interface OpenModelOptions extends OptionValues<typeof MODEL_OPTIONS> {
  /** How products in 8 bits are made; default what a short measurement finds best on this processor. */
  readonly int8Kernel?: Int8Kernel;
  /** Ends the opening with `stopped`, leaving nothing half written. */
  readonly signal?: AbortSignal;
  /** Told each of {@link Model.warnings} as it arises; default Node's own way of warning. */
  readonly onWarning?: (text: string) => void;
  /** Told how far a download is, where the model is named by its id on the hub and the cache does not have it. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Told that another process is waited for, or that the hub is out of reach; default `onWarning`. */
  readonly onNote?: (text: string) => void;
}

/** Longest warning, bytes. */
const WARNING_LIMIT = 1000;

/** An opened model. Its weights stay in files that the engine maps. */
export interface Model {
  /** On this machine, also of a model of the hub. */
  readonly path: string;
  /** Last part of the path, without ending, or of its id on the hub. */
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly checkpoint: Checkpoint;
  /**
   * What was left out, guessed or contradictory in its files, and what of the cache was damaged or could not be
   * kept, in whole sentences: for the user and the record. Grows while the model is used.
   */
  readonly warnings: readonly string[];
  /** Adds to them. */
  readonly warn: (text: string) => void;
  readonly compute: Compute;
  /** How its products in 8 bits are made; undefined in float32. */
  readonly int8Kernel: Int8Kernel | undefined;
  /** Decoded weights, and what is made of weights, kept between runs. */
  readonly cache: Cache;
  /** Seconds that opening took, with the decoding of weights that were not in the cache. */
  readonly openingSeconds: number;
  /** Parameters, tied ones counted once. */
  readonly parameters: number;
  /** Bytes of weights that a pass maps. */
  readonly weightBytes: number;
  /** The tokenizer beside or inside the checkpoint; opened once. */
  tokenizer(): Promise<Tokenizer>;
  /**
   * Before numbers are given out: that the files are still those that were opened.
   * Throws {@link UserError} `model-changed`.
   */
  checkUnchanged(): Promise<void>;
  /** The weights as values of a graph. */
  weights(graph: Graph): WeightProvider;
  /** W of a linear layer as float32, in the checkpoint's order: see {@link StoredLayer.stored}. */
  readLayer(layer: StoredLayer): Float32Array;
}

/** What is known of a model without its weights being read. */
export type InspectedModel = Pick<Model, 'path' | 'name' | 'definition' | 'checkpoint' | 'warn'>;

/** Reads config and headers of a model, as {@link openModel} does, and decodes nothing. */
export async function inspectModel(
  name: string,
  {
    onWarning = emitWarning,
    onDownload,
    signal,
    onNote = onWarning,
  }: Pick<OpenModelOptions, 'onWarning' | 'onDownload' | 'onNote' | 'signal'> = {},
): Promise<InspectedModel> {
  const path = await locateModel(name, { signal, onDownload, onNote, beforeWeights: refuseEarly });
  const { definition, checkpoint } = defineModel(await openCheckpoint(path));
  for (const warning of checkpoint.warnings) onWarning(warning);
  return { path, name: nameOf(path), definition, checkpoint, warn: onWarning };
}

/**
 * Opens a model: a Hugging Face folder (config.json, safetensors, tokenizer.json) or a GGUF file, by its path, or by its
 * id on the hub: `org/name[@revision]`, `org/name:Q4_K_M` or `org/name/file.gguf` of a GGUF repository. One of the hub is
 * downloaded unless the cache has it (`HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE`).
 *
 * @throws UserError when a file is missing, truncated or malformed, the architecture is not known, a weight is
 *   missing, of another shape or not finite.
 *
 * @example
 * ```ts
 * const model = await openModel('./my-model', { compute: 'int8' });
 * console.log(model.name, model.warnings);
 * ```
 */
export async function openModel(name: string, options: OpenModelOptions = {}): Promise<Model> {
  const started = performance.now();
  const {
    compute = 'float32',
    cacheFolder = defaultCacheFolder(),
    onWarning = emitWarning,
    onDownload,
    onNote = onWarning,
    signal,
  } = options;
  const path = await locateModel(name, { signal, onDownload, onNote, beforeWeights: refuseEarly });
  const opened = await openCheckpoint(path);
  const checkUnchanged = await watchModel(opened);
  const { definition, checkpoint } = defineModel(opened);
  const warnings: string[] = [];
  const warn = (text: string) => {
    // Names and values in it come from files.
    const line = oneLine(text, WARNING_LIMIT);
    warnings.push(line);
    onWarning(line);
  };
  for (const warning of checkpoint.warnings) warn(warning);
  const cache = new Cache(cacheFolder, warn);
  const packedSpecs = compute === 'int8' ? definition.layers.map((layer) => layerWeights(layer)[0]!) : [];
  const asFloat = definition.weights.filter(
    ({ name }) => !packedSpecs.some((packed) => packed.name === name),
  );
  const places = await materialize(checkpoint, namesOf(asFloat), cache, signal);
  const packed =
    compute === 'int8'
      ? await packWeights(
          options.int8Kernel === undefined ? await chooseKernel(cache) : KERNELS[options.int8Kernel],
          checkpoint,
          packedSpecs,
          cache,
          signal,
        )
      : undefined;
  let tokenizer: Promise<Tokenizer> | undefined;
  const ranges = [...places.values(), ...(packed === undefined ? [] : packedRanges(packed))];
  return {
    path,
    name: nameOf(path),
    definition,
    checkpoint,
    warnings,
    warn,
    compute,
    int8Kernel: packed?.kernel.name,
    cache,
    openingSeconds: (performance.now() - started) / 1000,
    parameters: definition.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    weightBytes: ranges.reduce((sum, { length }) => sum + length, 0),
    tokenizer: () => (tokenizer ??= openTokenizer(checkpoint)),
    checkUnchanged,
    weights(graph) {
      const value = ({ name, shape }: WeightSpec) =>
        graph.external(name, { dtype: 'float32', shape }, places.get(name)!);
      return packed === undefined ? floatProducts(value) : int8Products(value, packed);
    },
    readLayer: (layer) => readWeight(checkpoint, layerWeights(layer)[0]!.name),
  };
}

/** A snapshot's folder in the hub's cache is called by its commit. */
function nameOf(path: string): string {
  const origin = hubOrigin(path);
  const named = origin !== undefined && origin.file === undefined ? origin.id : path;
  return basename(named).replace(/\.(gguf|safetensors)$/, '');
}

const emitWarning = (text: string) => process.emitWarning(text);

const namesOf = (weights: readonly WeightSpec[]): string[] => weights.map(({ name }) => name);
