/** Continuing a text token by token. Without a cache of keys and values: every token is a pass over all before it. */
import { invariant } from '../errors/index.ts';
import { Graph, gather, type Value } from '../graph/index.ts';
import { int64, type Rng } from '../numeric/index.ts';
import { type Engine, Owner, type Program } from '../runtime/index.ts';
import { softCap } from './decoder/attention.ts';
import type { ModelDefinition } from './definition.ts';
import { ForwardContext, type WeightProvider } from './forward.ts';
import type { Model } from './model.ts';
import { type SampleOptions, sampleToken } from './sample-token.ts';

/** Shortest graph, tokens; longer ones double until the model's context is reached. */
const SHORTEST = 64;

/**
 * Logits `[1, vocabulary]` of the token that follows position `last` of one sequence; the head runs over that
 * position alone. Inputs: `tokens` int64 `[1, seqLen]`, padded on the right by anything, and `last` int64 `[1]`.
 */
export function buildLastLogits(
  definition: ModelDefinition,
  weights: WeightProvider,
  graph: Graph,
  seqLen: number,
): Value {
  const tokens = graph.input('tokens', 'int64', [1, seqLen]);
  const last = graph.input('last', 'int64', [1]);
  const context = new ForwardContext(graph, weights, 1, seqLen);
  const hidden = gather(definition.forward(context, tokens), last);
  const head = { name: definition.head, shape: [definition.vocabularySize, definition.hiddenSize] };
  return softCap(context.logits(head, hidden), definition.logitCap);
}

export interface GenerateOptions extends SampleOptions {
  /** Tokens to make at most. */
  readonly maxTokens: number;
  /** Tokens that end the text; they are not given out. */
  readonly ends: ReadonlySet<number>;
  /** Whether an id may be drawn: a model can have rows that are no tokens. */
  readonly hasToken: (id: number) => boolean;
  readonly rng: Rng;
}

/**
 * Token ids that continue `prompt` (one id at least), each given out as soon as it is drawn. When the text grows
 * longer than the model's context, its first tokens are forgotten.
 */
export async function* generateTokens(
  engine: Engine,
  model: Pick<Model, 'definition' | 'weights'>,
  prompt: readonly number[],
  { maxTokens, ends, hasToken, rng, ...sampling }: GenerateOptions,
): AsyncGenerator<number> {
  await using predictor = new Predictor(engine, model);
  const ids = [...prompt];
  for (let made = 0; made < maxTokens; made++) {
    const logits = (await predictor.logits(ids)).map((logit, id) =>
      hasToken(id) ? logit : Number.NEGATIVE_INFINITY,
    );
    const token = sampleToken(logits, sampling, rng);
    if (ends.has(token)) return;
    ids.push(token);
    yield token;
  }
}

/** Next-token logits of texts of any length, by graphs of a few fixed lengths. */
export class Predictor extends Owner {
  private readonly engine: Engine;
  private readonly model: Pick<Model, 'definition' | 'weights'>;
  private program: Program | undefined;
  private seqLen = 0;

  constructor(engine: Engine, model: Pick<Model, 'definition' | 'weights'>) {
    super();
    this.engine = engine;
    this.model = model;
  }

  /** Logits `[vocabulary]` of what follows `ids`; of more than the context's length, only the end is seen. */
  async logits(ids: readonly number[]): Promise<Float32Array> {
    invariant(ids.length > 0, 'nothing precedes the first token');
    const seen = ids.slice(-this.model.definition.contextLength);
    const program = await this.programFor(seen.length);
    const tokens = int64(
      [1, this.seqLen],
      Array.from({ length: this.seqLen }, (_, i) => seen[i] ?? 0),
    );
    const outputs = await program.run({ tokens, last: int64([1], [seen.length - 1]) });
    return outputs.logits!.data as Float32Array;
  }

  private async programFor(length: number): Promise<Program> {
    if (this.program !== undefined && length <= this.seqLen) return this.program;
    const { definition, weights } = this.model;
    let seqLen = SHORTEST;
    while (seqLen < length) seqLen *= 2;
    this.program = undefined;
    await this.release();
    this.seqLen = Math.min(seqLen, definition.contextLength);
    const graph = new Graph();
    graph.output('logits', buildLastLogits(definition, weights(graph), graph, this.seqLen));
    this.program = await this.own(this.engine.load(graph));
    return this.program;
  }
}
