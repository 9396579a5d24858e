/** What an architecture says of itself: its layers, its weights, its forward pass. */
import type { Value } from '../graph/index.ts';
import type { ForwardContext } from './forward.ts';

/** A weight of the checkpoint, under its Hugging Face name. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** What its entries are in a model that has not been trained, for weights that are not drawn; default 1. */
  readonly start?: 0;
}

/** What a linear layer does in its block, and which half of the block that is; fused ones do several things at once. */
export const LAYER_ROLES = {
  query: 'attention',
  key: 'attention',
  value: 'attention',
  'query-key-value': 'attention',
  output: 'attention',
  gate: 'mlp',
  up: 'mlp',
  'gate-up': 'mlp',
  down: 'mlp',
} as const;
export type LayerRole = keyof typeof LAYER_ROLES;
/** A half of a block. */
export type LayerGroup = (typeof LAYER_ROLES)[LayerRole];

/** A matrix W of inFeatures × outFeatures in our notation, as a checkpoint holds it: all that an adapter asks for. */
export interface StoredLayer {
  /** Hugging Face module name, as PEFT spells it. */
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** How the checkpoint stores W: PyTorch's Linear keeps [out, in], GPT-2's Conv1D keeps [in, out]. */
  readonly stored: 'out-in' | 'in-out';
  readonly bias: boolean;
}

/** A linear layer y = x W + b of a model. */
export interface LinearLayer extends StoredLayer {
  readonly role: LayerRole;
}

/** How configs and weights of one `model_type` are read. */
export interface Architecture {
  /** Module of everything but the head; a file that was saved from it alone leaves out its name. */
  readonly base: string;
  /** The modules in it; `blocks` holds the layers, by number. */
  readonly modules: {
    readonly embedding: string;
    readonly blocks: string;
    readonly others: readonly string[];
  };
  /** What older files call the head, beside `lm_head`. */
  readonly oldHead?: string;
  /** What a config without `tie_word_embeddings` means. */
  readonly tiedByDefault: boolean;
  /**
   * @param layerLimit layers that there are weights for: a config with more is refused before any is made.
   * @throws UserError `config-invalid`, `config-unsupported`.
   */
  define(config: Readonly<Record<string, unknown>>, layerLimit?: number): ModelDefinition;
}

/** A decoder-only language model, read from its config. */
export interface ModelDefinition {
  readonly modelType: string;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly hiddenSize: number;
  /** The linear layers of the blocks, in order of the forward pass: those that adapters can sit on. */
  readonly layers: readonly LinearLayer[];
  readonly weights: readonly WeightSpec[];
  /** Name of the weight [vocabulary, hidden] that turns hidden states into logits. */
  readonly head: string;
  /** c of c · tanh(x / c), which logits go through; null: they are left as they are. */
  readonly logitCap: number | null;
  /** All of the config that the numbers depend on, beside the weights, in one spelling: part of a model's identity. */
  readonly computed: Readonly<Record<string, number | string | boolean>>;
  /** What the config says that is not computed, in whole sentences. */
  readonly warnings: readonly string[];
  /** tokens: int64 [sequences, seqLen] → hidden states [sequences · seqLen, hidden] after the last norm. */
  forward(context: ForwardContext, tokens: Value): Value;
}

/** The half of the block that a layer belongs to. */
export const groupOf = ({ role }: Pick<LinearLayer, 'role'>): LayerGroup => LAYER_ROLES[role];

/** Whether a layer's result is added to the residual stream. */
export const writesToResidual = ({ role }: Pick<LinearLayer, 'role'>): boolean =>
  role === 'output' || role === 'down';

/** Names of a linear layer's weights. */
export function layerWeights(layer: StoredLayer): WeightSpec[] {
  const { name, inFeatures, outFeatures, stored, bias } = layer;
  const shape = stored === 'out-in' ? [outFeatures, inFeatures] : [inFeatures, outFeatures];
  const weight = { name: `${name}.weight`, shape };
  return bias ? [weight, { name: `${name}.bias`, shape: [outFeatures], start: 0 }] : [weight];
}
