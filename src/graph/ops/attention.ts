/** Ops that only attention needs. */
import { invariant } from '../../errors/index.ts';
import { int64 } from '../../numeric/index.ts';
import type { Value, ValueType } from '../graph.ts';
import { defineOp } from '../op.ts';
import { neg } from './elementwise.ts';

/**
 * Rotary position embedding, "rotate half" layout: with x = [a, b] the halves of a head at token t,
 * y = [a cos t − b sin t, b cos t + a sin t]. A rotation: dx turns dy back, by −sin. The tables have no gradient.
 */
export const RotaryEmbedding = defineOp({
  name: 'RotaryEmbedding',
  infer(inputs) {
    const [x, cos, sin] = inputs as [ValueType, ValueType, ValueType];
    const [tokens, headSize] = x.shape.slice(-2) as [number, number];
    invariant(
      x.shape.length === 4,
      `RotaryEmbedding of [${x.shape}], expected [batch, heads, tokens, headSize]`,
    );
    for (const { shape } of [cos, sin]) {
      invariant(
        shape.length === 2 && shape[0]! >= tokens && shape[1]! * 2 === headSize,
        `RotaryEmbedding of [${x.shape}] with a table [${shape}]`,
      );
    }
    return [x];
  },
  gradient: ({ inputs: [, cos, sin], outputGradients: [dy] }) => [rotaryEmbedding(dy!, cos!, neg(sin!))],
  emit: ({ inputs: [x, cos, sin] }) => ({
    type: 'RotaryEmbedding',
    domain: 'com.microsoft',
    // One position id is the offset of the first token.
    inputs: [x!, int64([1], [0]), cos!, sin!],
    attributes: { interleaved: 0 },
  }),
});

/** Rotates x [batch, heads, tokens, headSize] by the tables cos and sin [maxPositions, headSize / 2]. */
export const rotaryEmbedding = (x: Value, cos: Value, sin: Value): Value =>
  x.graph.apply(RotaryEmbedding, [x, cos, sin], {})[0]!;
