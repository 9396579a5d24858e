/** A document as tokens, with those that are to be predicted. */
export interface EncodedDocument {
  /** Ids, in lists of bounded length, without the token that ends it. */
  readonly pieces: readonly ArrayLike<number>[];
  readonly length: number;
  /** Tokens before the first target: the prompt. */
  readonly given: number;
  /** Runs of tokens that are targets, ascending. */
  readonly targets: readonly (readonly [from: number, to: number])[];
  /** Whether its prompt ends within a token, which is then a target. */
  readonly straddles: boolean;
  /** The token to follow; null when the document ends with it already, or when there is none. */
  readonly end: number | null;
  /** Assistant turns of a chat that are not predicted because the template shows them otherwise later. */
  readonly unlikeTurns?: number;
  /** Predicted turns that no end token closes. */
  readonly endlessTurns?: number;
  /** Whether it is a conversation that was written without a chat template, as the model has none. */
  readonly withoutTemplate?: boolean;
}
