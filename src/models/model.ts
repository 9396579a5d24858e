/** A model that is ready to be put into graphs. */
import { basename } from 'node:path';
import { type Checkpoint, materialize, openCheckpoint, readWeight } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import type { FileRange } from '../files/index.ts';
import type { Graph } from '../graph/index.ts';
import { sizeOf } from '../numeric/index.ts';
import { ARCHITECTURES } from './architectures.ts';
import { defaultCacheFolder } from './cache-folder.ts';
import { type LinearLayer, layerWeights, type ModelDefinition, type WeightSpec } from './definition.ts';
import { floatProducts, type WeightProvider } from './forward.ts';
import { int8Products, packWeights } from './int8.ts';
import { openTokenizer, type Tokenizer } from './tokenizer.ts';

export interface OpenModelOptions {
  /** Arithmetic of the products with weights; default float32. */
  readonly compute?: 'float32' | 'int8';
  /** Where decoded weights and frames are kept; default the user's cache folder. */
  readonly cacheFolder?: string;
}

/** An opened model. Its weights stay in files that the engine maps. */
export interface Model {
  readonly path: string;
  /** Last part of the path, without ending. */
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly checkpoint: Checkpoint;
  readonly compute: 'float32' | 'int8';
  readonly cacheFolder: string;
  /** Parameters, tied ones counted once. */
  readonly parameters: number;
  /** Bytes of weights that a pass maps. */
  readonly weightBytes: number;
  /** The tokenizer beside or inside the checkpoint; opened once. */
  tokenizer(): Promise<Tokenizer>;
  /** The weights as values of a graph. */
  weights(graph: Graph): WeightProvider;
  /** W of a linear layer as float32, in the checkpoint's order: see {@link LinearLayer.stored}. */
  readLayer(layer: LinearLayer): Float32Array;
}

/**
 * Opens a model: a Hugging Face folder (config.json, safetensors, tokenizer.json) or a GGUF file.
 *
 * @throws UserError when a file is missing, truncated or malformed, the architecture is not known, a weight is
 *   missing, of another shape or not finite.
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<Model> {
  const { compute = 'float32', cacheFolder = defaultCacheFolder() } = options;
  const opened = await openCheckpoint(path);
  const definition = define(opened);
  const checkpoint = withFullNames(opened, definition);
  for (const weight of definition.weights) checkShape(checkpoint, weight);
  const packedSpecs = compute === 'int8' ? definition.layers.map((layer) => layerWeights(layer)[0]!) : [];
  const asFloat = definition.weights.filter(
    ({ name }) => !packedSpecs.some((packed) => packed.name === name),
  );
  const places = await materialize(checkpoint, namesOf(asFloat), cacheFolder);
  const packed = await packWeights(checkpoint, packedSpecs, cacheFolder);
  let tokenizer: Promise<Tokenizer> | undefined;
  const ranges = [...places.values(), ...[...packed.values()].flatMap(rangesOf)];
  return {
    path,
    name: basename(path).replace(/\.(gguf|safetensors)$/, ''),
    definition,
    checkpoint,
    compute,
    cacheFolder,
    parameters: definition.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    weightBytes: ranges.reduce((sum, { length }) => sum + length, 0),
    tokenizer: () => (tokenizer ??= openTokenizer(checkpoint)),
    weights(graph) {
      const value = ({ name, shape }: WeightSpec) =>
        graph.external(name, { dtype: 'float32', shape }, places.get(name)!);
      return compute === 'int8' ? int8Products(value, packed) : floatProducts(value);
    },
    readLayer: (layer) => readWeight(checkpoint, layerWeights(layer)[0]!.name),
  };
}

const namesOf = (weights: readonly WeightSpec[]): string[] => weights.map(({ name }) => name);

const rangesOf = ({
  straight,
  transposed,
}: Record<'straight' | 'transposed', { values: FileRange; scales: FileRange }>) =>
  [straight, transposed].flatMap(({ values, scales }) => [values, scales]);

function define({ config, path }: Checkpoint): ModelDefinition {
  const type = String(config.model_type);
  const architecture = ARCHITECTURES[type];
  if (architecture !== undefined) return architecture(config);
  throw new UserError('architecture-unknown', {
    what: `the architecture of ${path} is not known`,
    got: `model_type ${JSON.stringify(config.model_type)}`,
    expected: `one of ${Object.keys(ARCHITECTURES).join(', ')}`,
    fix: 'use a model of a listed architecture',
  });
}

/** The first GPT-2 checkpoints leave out the `transformer.` that their modules' names begin with. */
function withFullNames(checkpoint: Checkpoint, definition: ModelDefinition): Checkpoint {
  const prefix = 'transformer.';
  if (definition.modelType !== 'gpt2' || checkpoint.weights.has(definition.head)) return checkpoint;
  const weights = [...checkpoint.weights.values()].map(
    (source) => [prefix + source.name, { ...source, name: prefix + source.name }] as const,
  );
  return { ...checkpoint, weights: new Map(weights) };
}

function checkShape({ weights, path }: Checkpoint, { name, shape }: WeightSpec): void {
  const got = weights.get(name);
  if (got !== undefined && got.shape.join() === shape.join()) return;
  throw new UserError(got === undefined ? 'weight-missing' : 'weight-shape', {
    what: got === undefined ? `${path} has no weight ${name}` : `weight ${name} of ${path} has another shape`,
    got: got === undefined ? `${weights.size} other weights` : `[${got.shape}]`,
    expected: `[${shape}]`,
    fix: 'check that config.json belongs to these weights',
  });
}
