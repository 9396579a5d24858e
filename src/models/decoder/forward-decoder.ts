/** The forward pass of a decoder, from tokens to hidden states after the last norm. */
import {
  add,
  concat,
  gather,
  layerNormalization,
  mul,
  reshape,
  rmsNormalization,
  rotaryEmbedding,
  scale,
  slice,
  split,
  type Value,
} from '../../graph/index.ts';
import { float32 } from '../../numeric/index.ts';
import type { WeightSpec } from '../definition.ts';
import type { ForwardContext } from '../forward.ts';
import { type AttentionShape, causalAttention, splitHeads } from './attention.ts';
import { type Block, layerOf, normSize } from './blocks.ts';
import type { BlockModules, DecoderDescription } from './description.ts';
import { type Rotary, rotaryTables } from './rotary.ts';

/** tokens: int64 [sequences, seqLen] → [sequences · seqLen, hidden]. */
export function forwardDecoder(
  description: DecoderDescription,
  blocks: readonly Block[],
  embedding: WeightSpec,
  context: ForwardContext,
  tokens: Value,
): Value {
  const { sequences, seqLen } = context;
  const { heads, kvHeads, headSize, hiddenSize } = description;
  const shape = { sequences, seqLen, heads, kvHeads, headSize };
  const pass = new Pass(description, context, shape, makeTables(blocks, context));
  const rows = gather(context.weight(embedding.name, embedding.shape), tokens);
  let x = scale(reshape(rows, [sequences * seqLen, hiddenSize]), description.embeddingScale ?? 1);
  for (const block of blocks) {
    const attended = pass.normed(
      block,
      'afterAttention',
      pass.attention(block, pass.normed(block, 'beforeAttention', x)),
    );
    const middle = add(x, attended);
    const read = pass.normed(block, 'beforeMlp', description.parallel ? x : middle);
    x = add(middle, pass.normed(block, 'afterMlp', pass.mlp(block, read)));
  }
  return pass.norm(description.modules.finalNorm, hiddenSize, x);
}

interface Tables {
  readonly cosine: Value;
  readonly sine: Value;
}

/** Tables of the ways in which the layers turn, each once. */
function makeTables(blocks: readonly Block[], { graph, seqLen }: ForwardContext): Map<Rotary, Tables> {
  const tables = new Map<Rotary, Tables>();
  for (const { rotary } of blocks) {
    if (rotary === null || tables.has(rotary)) continue;
    const { cos, sin } = rotaryTables(rotary, seqLen);
    const table = (entries: Float32Array) => graph.constant(float32([seqLen, rotary.turned / 2], entries));
    tables.set(rotary, { cosine: table(cos), sine: table(sin) });
  }
  return tables;
}

/** What the blocks of one pass share. */
class Pass {
  private readonly description: DecoderDescription;
  private readonly context: ForwardContext;
  private readonly shape: AttentionShape;
  private readonly tables: ReadonlyMap<Rotary, Tables>;

  constructor(
    description: DecoderDescription,
    context: ForwardContext,
    shape: AttentionShape,
    tables: ReadonlyMap<Rotary, Tables>,
  ) {
    this.description = description;
    this.context = context;
    this.shape = shape;
    this.tables = tables;
  }

  /** x normed as the block has it at this place, or as it is. */
  normed(block: Block, place: keyof BlockModules['norms'], x: Value): Value {
    const name = block.norms[place];
    return name === undefined ? x : this.norm(name, normSize(this.description, place), x);
  }

  norm(name: string, size: number, x: Value): Value {
    const { kind, epsilon } = this.description.norm;
    const stored = this.context.weight(`${name}.weight`, [size]);
    if (kind === 'layer')
      return layerNormalization(x, stored, this.context.weight(`${name}.bias`, [size]), epsilon);
    return rmsNormalization(x, kind === 'rms' ? stored : add(stored, x.graph.scalar(1)), epsilon);
  }

  /** [tokens, hidden] → [tokens, hidden]. */
  attention(block: Block, x: Value): Value {
    const { attentionScale, attentionCap } = this.description;
    const [q, k, v] = this.project(block, x);
    const attended = causalAttention(q, k, v, {
      ...this.shape,
      ...(attentionScale !== undefined && { scale: attentionScale }),
      cap: attentionCap ?? null,
      window: block.window,
    });
    return this.context.linear(layerOf(block, 'output'), attended);
  }

  /** Queries and keys, normed and turned, and values, by head: [sequences, heads, seqLen, headSize]. */
  private project(block: Block, x: Value): readonly [Value, Value, Value] {
    const { context, shape } = this;
    const fused = block.layers['query-key-value'];
    const parts = fused === undefined ? null : this.splitFused(context.linear(fused, x));
    const part = (index: number, role: 'query' | 'key' | 'value') =>
      parts === null ? context.linear(layerOf(block, role), x) : parts[index]!;
    return [
      this.turn(block, this.prepare(block, 'query', part(0, 'query'), shape.heads)),
      this.turn(block, this.prepare(block, 'key', part(1, 'key'), shape.kvHeads)),
      splitHeads(part(2, 'value'), shape, shape.kvHeads),
    ];
  }

  /** Normed over a head once it stands alone, over all of them while they stand in a row. */
  private prepare(block: Block, place: 'query' | 'key', x: Value, heads: number): Value {
    return this.description.norm.headsTogether
      ? splitHeads(this.normed(block, place, x), this.shape, heads)
      : this.normed(block, place, splitHeads(x, this.shape, heads));
  }

  /** [tokens, all] → queries, keys and values, each [tokens, heads · headSize]. */
  private splitFused(fused: Value): Value[] {
    const { heads, kvHeads, headSize, sequences, seqLen } = this.shape;
    if (!this.description.fusedByHead)
      return split(fused, 1, [heads * headSize, kvHeads * headSize, kvHeads * headSize]);
    const tokens = sequences * seqLen;
    const byHead = split(reshape(fused, [tokens, heads, 3 * headSize]), 2, [headSize, headSize, headSize]);
    return byHead.map((part) => reshape(part, [tokens, heads * headSize]));
  }

  private turn({ rotary }: Block, x: Value): Value {
    if (rotary === null) return x;
    const { cosine, sine } = this.tables.get(rotary)!;
    const { headSize } = this.shape;
    if (rotary.turned === headSize) return rotaryEmbedding(x, cosine, sine);
    const turned = rotaryEmbedding(slice(x, 3, 0, rotary.turned), cosine, sine);
    return concat([turned, slice(x, 3, rotary.turned, headSize)], 3);
  }

  /** [tokens, hidden] → [tokens, hidden]. */
  mlp(block: Block, x: Value): Value {
    return this.context.linear(layerOf(block, 'down'), this.inner(block, x));
  }

  private inner(block: Block, x: Value): Value {
    const { context } = this;
    const { activation, innerSize } = this.description;
    const fused = block.layers['gate-up'];
    if (fused === undefined && block.layers.gate === undefined)
      return activation(context.linear(layerOf(block, 'up'), x));
    const [gate, up] =
      fused === undefined
        ? [context.linear(layerOf(block, 'gate'), x), () => context.linear(layerOf(block, 'up'), x)]
        : halves(context.linear(fused, x), innerSize);
    const opened = activation(gate);
    x.graph.rematerialize(opened, [gate]);
    return mul(opened, up());
  }
}

function halves(x: Value, size: number): [Value, () => Value] {
  const [first, second] = split(x, 1, [size, size]) as [Value, Value];
  return [first, () => second];
}
