/** Causal self-attention over heads, shared by the architectures. */
import { add, matmul, reshape, softmax, transpose, type Value } from '../graph/index.ts';
import { float32 } from '../numeric/index.ts';

export interface AttentionShape {
  readonly sequences: number;
  readonly seqLen: number;
  readonly heads: number;
  /** Key and value heads; each serves heads / kvHeads query heads in a row. */
  readonly kvHeads: number;
  readonly headSize: number;
  /** Factor of q kᵀ; default 1 / √headSize. */
  readonly scale?: number;
}

/** [tokens, heads · headSize] → [sequences, heads, seqLen, headSize]. */
export function splitHeads(x: Value, { sequences, seqLen, headSize }: AttentionShape, heads: number): Value {
  return transpose(reshape(x, [sequences, seqLen, heads, headSize]), [0, 2, 1, 3]);
}

/**
 * softmax(scale · q kᵀ + causal mask) v for q [sequences, heads, seqLen, headSize] and k, v with kvHeads;
 * returns [tokens, heads · headSize]. Queries that share a key head are rows of one product. Padding on the
 * right needs no mask of its own: no earlier token looks at it.
 */
export function causalAttention(q: Value, k: Value, v: Value, shape: AttentionShape): Value {
  const { sequences, seqLen, heads, kvHeads, headSize, scale = 1 / Math.sqrt(headSize) } = shape;
  const groups = heads / kvHeads;
  const batch = sequences * kvHeads;
  const flat = (x: Value, rows: number) => reshape(x, [batch, rows, headSize]);
  const scores = matmul(flat(q, groups * seqLen), flat(k, seqLen), {
    transposeB: true,
    alpha: scale,
  });
  const masked = add(reshape(scores, [batch, groups, seqLen, seqLen]), causalMask(q, seqLen));
  const weights = reshape(softmax(masked), [batch, groups * seqLen, seqLen]);
  // As wide as the sequence is long, and quickly made.
  q.graph.rematerialize(weights, [q, k]);
  const context = reshape(matmul(weights, flat(v, seqLen)), [sequences, heads, seqLen, headSize]);
  return reshape(transpose(context, [0, 2, 1, 3]), [sequences * seqLen, heads * headSize]);
}

const masks = new WeakMap<object, Map<number, Value>>();

/** 0 where a position may look, very negative where it may not; one constant per graph and length. */
function causalMask({ graph }: Value, seqLen: number): Value {
  const known = masks.get(graph) ?? new Map<number, Value>();
  masks.set(graph, known);
  const mask = known.get(seqLen) ?? graph.constant(float32([seqLen, seqLen], maskEntries(seqLen)));
  known.set(seqLen, mask);
  return mask;
}

function maskEntries(seqLen: number): Float32Array {
  // Finite, so that no NaN can arise: exp(−1e9) is zero all the same.
  return Float32Array.from({ length: seqLen * seqLen }, (_, i) =>
    i % seqLen > Math.floor(i / seqLen) ? -1e9 : 0,
  );
}
