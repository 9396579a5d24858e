/** From an opened checkpoint to the model that it holds: names, head, sizes, and what is left over. */
import type { Checkpoint } from '../checkpoint/index.ts';
import { someOf, UserError } from '../errors/index.ts';
import { findArchitecture } from './architectures/index.ts';
import type { ModelDefinition, WeightSpec } from './definition.ts';
import { settleHead } from './head.ts';
import { countStoredLayers, withFullNames } from './weight-names.ts';

export interface DefinedModel {
  readonly definition: ModelDefinition;
  /** With full names, a config that says the vocabulary's size and whether the head is tied, and all warnings. */
  readonly checkpoint: Checkpoint;
}

/**
 * The model of a checkpoint. Every size in its config is held against the stored weights before anything is made of it.
 * Throws {@link UserError} `architecture-unknown`, `config-invalid`, `config-unsupported`, `weight-missing`,
 * `weight-shape`, `weight-ambiguous`, `weights-unused`.
 */
export function defineModel(opened: Checkpoint): DefinedModel {
  const architecture = findArchitecture(opened.config, opened.path);
  const checkpoint = settleHead(withFullNames(opened, architecture), architecture);
  const definition = architecture.define(checkpoint.config, countStoredLayers(checkpoint, architecture));
  for (const weight of definition.weights) checkShape(checkpoint, weight);
  const warnings = [...checkpoint.warnings, ...definition.warnings, ...unusedWeights(checkpoint, definition)];
  // The tokenizer is held against it, be it a default or not.
  const config = { vocab_size: definition.vocabularySize, ...checkpoint.config };
  return { definition, checkpoint: { ...checkpoint, config, warnings } };
}

function checkShape({ weights, path }: Checkpoint, { name, shape }: WeightSpec): void {
  const got = weights.get(name);
  if (got !== undefined && got.shape.join() === shape.join()) return;
  throw new UserError(got === undefined ? 'weight-missing' : 'weight-shape', {
    what: got === undefined ? `${path} has no weight ${name}` : `weight ${name} of ${path} has another shape`,
    got: got === undefined ? `${weights.size} other weights` : `[${got.shape}]`,
    expected: `[${shape}]`,
    fix:
      got === undefined && name === 'lm_head.weight'
        ? 'if the head is the embedding, set "tie_word_embeddings": true in config.json'
        : 'check that config.json belongs to these weights',
  });
}

/** Constants that old versions of transformers stored with the weights. */
const CONSTANTS = /\.(?:(?:attn|attention)\.(?:masked_)?bias|rotary_emb\.inv_freq)$/;

/** transformers leaves such weights out and says so; llama.cpp refuses a file with more than it needs. */
function unusedWeights({ weights, format, path }: Checkpoint, definition: ModelDefinition): string[] {
  const used = new Set(definition.weights.map(({ name }) => name));
  const unused = [...weights.keys()].filter((name) => !used.has(name) && !CONSTANTS.test(name));
  if (unused.length === 0) return [];
  const count = unused.length === 1 ? 'one stored weight' : `${unused.length} stored weights`;
  if (format !== 'gguf')
    return [`The config has no place for ${count}, which nothing is computed with: ${someOf(unused)}.`];
  throw new UserError('weights-unused', {
    what: `the header of ${path} has no place for ${count}`,
    got: someOf(unused),
    expected: 'weights of the blocks that llama.block_count says, and no others',
    fix: 'convert the model again with a current llama.cpp',
  });
}
