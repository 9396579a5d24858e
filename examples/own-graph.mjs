/**
 * A model of one's own: two linear layers with a GELU between them, written in the graph's ops, differentiated and
 * run. It prints the loss before and after 60 steps of gradient descent, and how much of the first layer's gradient
 * the first two input axes reach.
 *
 * Run `npm ci`, then `node examples/own-graph.mjs`.
 */
import {
  createOnnxEngine,
  float32,
  Graph,
  gelu,
  gradients,
  matmul,
  mul,
  reduceMean,
  sub,
} from 'rankscope/graph';

const TOKENS = 32;
const INPUTS = 4;
const HIDDEN = 16;

// The graph: mean (gelu(x W1) W2 − target)², and its gradients as further outputs.
const graph = new Graph();
const x = graph.input('x', 'float32', [TOKENS, INPUTS]);
const target = graph.input('target', 'float32', [TOKENS, 1]);
const w1 = graph.input('w1', 'float32', [INPUTS, HIDDEN]);
const w2 = graph.input('w2', 'float32', [HIDDEN, 1]);
const error = sub(matmul(gelu(matmul(x, w1)), w2), target);
const loss = reduceMean(mul(error, error), [0, 1]);
const [dw1, dw2] = gradients(loss, [w1, w2]);
graph.output('loss', loss);
graph.output('dw1', dw1);
graph.output('dw2', dw2);

// Data without a random generator: sines at unlike rates. The target is a product of two inputs.
const wave = (count, rate) => Float32Array.from({ length: count }, (_, i) => Math.sin(1 + rate * i));
const inputs = wave(TOKENS * INPUTS, 0.7);
const targets = Float32Array.from({ length: TOKENS }, (_, t) => inputs[t * INPUTS] * inputs[t * INPUTS + 1]);
const weights = { w1: wave(INPUTS * HIDDEN, 2.3), w2: wave(HIDDEN, 1.9).map((value) => value / 4) };

const engine = createOnnxEngine();
const program = await engine.load(graph);
const step = () =>
  program.run({
    x: float32([TOKENS, INPUTS], inputs),
    target: float32([TOKENS, 1], targets),
    w1: float32([INPUTS, HIDDEN], weights.w1),
    w2: float32([HIDDEN, 1], weights.w2),
  });

const first = await step();
console.log(`loss before: ${first.loss.data[0].toFixed(4)}`);
for (let i = 0; i < 60; i++) {
  const { dw1, dw2 } = await step();
  weights.w1 = weights.w1.map((value, j) => value - 0.1 * dw1.data[j]);
  weights.w2 = weights.w2.map((value, j) => value - 0.1 * dw2.data[j]);
}
const last = await step();
console.log(`loss after:  ${last.loss.data[0].toFixed(4)}`);

// Energy of `left` adapters whose frame is the first two input axes: the first two rows of the gradient.
const energy = (values) => values.reduce((sum, value) => sum + value * value, 0);
const gradient = first.dw1.data;
const share = energy(gradient.subarray(0, 2 * HIDDEN)) / energy(gradient);
console.log(
  `the first two input axes reach ${(100 * share).toFixed(1)} % of the gradient's energy; random: 50.0 %`,
);

await program.release();
await engine.close();
