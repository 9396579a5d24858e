/**
 * Runs forward and backward pass over all layers of a model twice and prints seconds and memory beside the estimate.
 *
 *     npx tsx scripts/measure-pass.ts MODEL RECOMPUTED LANES SEQUENCES [CACHE_FOLDER]
 *
 * RECOMPUTED segments are made again in the backward pass; LANES batches of SEQUENCES times 256 tokens stand side by side.
 */
import { readFileSync } from 'node:fs';
import { buildPass } from '../src/coverage/index.ts';
import { estimatePeakBytes, mappedBytes, matmul, mul, reduceSum } from '../src/graph/index.ts';
import { lossInputs, openModel } from '../src/models/index.ts';
import { createOnnxEngine, ENGINE_SLACK, PROCESS_BYTES } from '../src/runtime/index.ts';

const [path, recomputed, lanes, sequences, cacheFolder] = process.argv.slice(2);
if (path === undefined || sequences === undefined)
  throw new Error('usage: measure-pass.ts MODEL RECOMPUTED LANES SEQUENCES [CACHE_FOLDER]');
const seqLen = 256;
const model = await openModel(path, { cacheFolder });
const shape = {
  lanes: Number(lanes),
  sequences: Number(sequences),
  seqLen,
  recomputed: Number(recomputed),
};
const { graph, layers, segments } = buildPass(model, model.definition.layers, shape);
for (const { name, x, dy } of layers) {
  const gradient = matmul(x, dy, { transposeA: true });
  graph.output(name, reduceSum(mul(gradient, gradient), [0, 1]));
}
const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
const mapped = [...mappedBytes(graph).values()].reduce((sum, bytes) => sum + bytes, 0);
const estimate = PROCESS_BYTES + mapped + ENGINE_SLACK * estimatePeakBytes(graph);
console.log(
  `segments: ${segments}; estimated: ${gigabytes(estimate)} GB, of which mapped ${gigabytes(mapped)}`,
);

/** Kilobytes as Linux tells them. */
const status = (field: string) =>
  1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]);
let anonymous = 0;
const timer = setInterval(() => {
  anonymous = Math.max(anonymous, status('RssAnon'));
}, 20);
const engine = createOnnxEngine();
const program = await engine.load(graph);
const count = shape.sequences * seqLen;
const tokens = Int32Array.from({ length: count }, (_, i) => (i * 7919) % 4000);
const batch = { tokens, lossMask: new Uint8Array(count).fill(1), sequences: shape.sequences, seqLen };
const feeds = lossInputs(Array.from({ length: shape.lanes }, () => batch));
for (let round = 0; round < 2; round++) {
  const before = process.cpuUsage();
  await program.run(feeds);
  const { user, system } = process.cpuUsage(before);
  console.log(
    `processor seconds ${((user + system) / 1e6).toFixed(1)}; peak ${gigabytes(status('VmHWM'))} GB, anonymous ${gigabytes(anonymous)} GB`,
  );
}
clearInterval(timer);
await program.release();
await engine.close();
