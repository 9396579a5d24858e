/** Causal self-attention over heads, shared by the architectures. */
import {
  add,
  matmul,
  reshape,
  scale as scaled,
  softmax,
  tanh,
  transpose,
  type Value,
} from '../../graph/index.ts';
import { float32 } from '../../numeric/index.ts';

export interface AttentionShape {
  readonly sequences: number;
  readonly seqLen: number;
  readonly heads: number;
  /** Key and value heads; each serves heads / kvHeads query heads in a row. */
  readonly kvHeads: number;
  readonly headSize: number;
  /** Factor of q kᵀ; default 1 / √headSize. */
  readonly scale?: number;
  /** c of {@link softCap}, which scores go through; default none. */
  readonly cap?: number | null;
  /** Positions that a token looks at, itself among them; default all before it. */
  readonly window?: number | null;
}

/** c · tanh(x / c): within ±c, and nearly x where x is small; null: x. */
export const softCap = (x: Value, cap: number | null): Value =>
  cap === null ? x : scaled(tanh(scaled(x, 1 / cap)), cap);

/** [tokens, heads · headSize] → [sequences, heads, seqLen, headSize]. */
export function splitHeads(x: Value, { sequences, seqLen, headSize }: AttentionShape, heads: number): Value {
  return transpose(reshape(x, [sequences, seqLen, heads, headSize]), [0, 2, 1, 3]);
}

/**
 * softmax(softCap(scale · q kᵀ) + causal mask) v for q [sequences, heads, seqLen, headSize] and k, v with kvHeads;
 * returns [tokens, heads · headSize]. Queries that share a key head are rows of one product. Padding on the
 * right needs no mask of its own: no earlier token looks at it.
 */
export function causalAttention(q: Value, k: Value, v: Value, shape: AttentionShape): Value {
  const { sequences, seqLen, heads, kvHeads, headSize, scale = 1 / Math.sqrt(headSize) } = shape;
  const { cap = null, window = null } = shape;
  const groups = heads / kvHeads;
  const batch = sequences * kvHeads;
  const flat = (x: Value, rows: number) => reshape(x, [batch, rows, headSize]);
  const scores = matmul(flat(q, groups * seqLen), flat(k, seqLen), {
    transposeB: true,
    alpha: scale,
  });
  const square = reshape(softCap(scores, cap), [batch, groups, seqLen, seqLen]);
  const masked = add(square, causalMask(q, seqLen, Math.min(window ?? seqLen, seqLen)));
  const weights = reshape(softmax(masked), [batch, groups * seqLen, seqLen]);
  // As wide as the sequence is long, and quickly made.
  q.graph.rematerialize(weights, [q, k]);
  const context = reshape(matmul(weights, flat(v, seqLen)), [sequences, heads, seqLen, headSize]);
  return reshape(transpose(context, [0, 2, 1, 3]), [sequences * seqLen, heads * headSize]);
}

const masks = new WeakMap<object, Map<string, Value>>();

/** 0 where a position may look, very negative where it may not; one constant per graph, length and window. */
function causalMask({ graph }: Value, seqLen: number, window: number): Value {
  const known = masks.get(graph) ?? new Map<string, Value>();
  masks.set(graph, known);
  const key = `${seqLen} ${window}`;
  const mask = known.get(key) ?? graph.constant(float32([seqLen, seqLen], maskEntries(seqLen, window)));
  known.set(key, mask);
  return mask;
}

function maskEntries(seqLen: number, window: number): Float32Array {
  // Finite, so that no NaN can arise: exp(−1e9) is zero all the same.
  return Float32Array.from({ length: seqLen * seqLen }, (_, i) => {
    const back = Math.floor(i / seqLen) - (i % seqLen);
    return back < 0 || back >= window ? -1e9 : 0;
  });
}
