/** What a decoder is, told by its architecture: sizes, where its parts stand, and what the blocks do. */
import type { Value } from '../../graph/index.ts';
import type { LayerRole } from '../definition.ts';
import type { Rotary } from './rotary.ts';

/**
 * Names of the modules of a block, inside it. What is named says what a block does: one fused projection or several,
 * a gate or none, a norm before a half of the block, after it, or both.
 */
export interface BlockModules {
  readonly layers: { readonly [Role in LayerRole]?: string };
  readonly norms: {
    readonly beforeAttention?: string;
    readonly afterAttention?: string;
    readonly beforeMlp?: string;
    readonly afterMlp?: string;
    /** Of queries and keys, before they are turned. */
    readonly query?: string;
    readonly key?: string;
  };
}

/** Full names of the modules of a model. */
export interface DecoderModules {
  readonly embedding: string;
  /** A number and a block's own names follow. */
  readonly blocks: string;
  readonly finalNorm: string;
  readonly block: BlockModules;
}

/** How a layer sees positions. */
export interface LayerPositions {
  /** Null: queries and keys are not turned. */
  readonly rotary: Rotary | null;
  /** Positions that a token looks at, itself among them; null: all before it. */
  readonly window: number | null;
}

export interface DecoderDescription {
  readonly modelType: string;
  readonly modules: DecoderModules;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly hiddenSize: number;
  readonly innerSize: number;
  readonly heads: number;
  /** Each serves heads / kvHeads query heads in a row. */
  readonly kvHeads: number;
  readonly headSize: number;
  /** Whether the head is the embedding. */
  readonly tied: boolean;
  /** One entry per block. */
  readonly positions: readonly LayerPositions[];
  /** Roles of the layers that have a bias. */
  readonly biased: readonly LayerRole[];
  readonly activation: (x: Value) => Value;
  /** Of the MLP, by the name that comes first among those that mean it. */
  readonly activationName: string;
  readonly norm: {
    /** RMSNorm with the stored gain, RMSNorm with 1 + what is stored, or LayerNorm. */
    readonly kind: 'rms' | 'rms-offset' | 'layer';
    readonly epsilon: number;
    /** What queries and keys are normed over: every head by itself (default), or all heads together. */
    readonly headsTogether?: boolean;
  };
  /** How a fused query-key-value projection is laid out: all queries first (default), or head by head. */
  readonly fusedByHead?: boolean;
  /** Both halves of a block read what came into it. */
  readonly parallel?: boolean;
  /** Factor of the embeddings. */
  readonly embeddingScale?: number;
  /** Factor of q kᵀ; default 1 / √headSize. */
  readonly attentionScale?: number;
  /** c of c · tanh(x / c), which attention scores and logits go through. */
  readonly attentionCap?: number | null;
  readonly logitCap?: number | null;
  /** What numbers depend on beyond what stands above, in the config's words. */
  readonly computed: Readonly<Record<string, number | string | boolean>>;
  readonly warnings: readonly string[];
}
