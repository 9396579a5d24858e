/**
 * How far passes in 8 bits lie from float32, before anything is measured with them: loss, and the cosine between the
 * gradients of every layer's weight, batch by batch, for every way in which products in 8 bits are made.
 *
 *     npx tsx scripts/compare-int8.ts MODEL [TEXT [BATCHES]]
 *
 * A gradient G = xᵀ dy is never formed: ⟨G, G'⟩ = ⟨x x'ᵀ, dy dy'ᵀ⟩. What coverages make of it is told by two probes and
 * `compare-records.ts` (`docs/int8.md`).
 */
import { buildPass } from '../src/coverage/index.ts';
import { LOSS } from '../src/coverage/pass.ts';
import { Graph, matmul, mul, Reshape, reduceSum, type Value } from '../src/graph/index.ts';
import { lossInputs, openModel } from '../src/models/index.ts';
import { createRng, type Tensor } from '../src/numeric/index.ts';
import { createOnnxEngine, type Program } from '../src/runtime/index.ts';
import { readSequences, sampleBatches } from '../src/text/index.ts';

const [path, text = 'assets/text/moby-dick.txt', count = '4'] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: compare-int8.ts MODEL [TEXT [BATCHES]]');
const SEQ_LEN = 256;
/** Products of gradients, by the shapes of their sides. */
const programs = new Map<string, Promise<Program>>();
const engine = createOnnxEngine();
const exact = await openModel(path);
const { layers } = exact.definition;
const { sequences } = await readSequences(text, await exact.tokenizer(), { seqLen: SEQ_LEN, pack: true });
const batches = sampleBatches(sequences, { batchSize: 1, count: Number(count), rng: createRng(0) });

type Sides = Readonly<Record<string, Tensor>>;
const reference = await passes(await loadPass('float32'));
console.log('| 8 bits | loss, difference | cosine of G, lowest layer | median layer |');
console.log('| --- | --- | --- | --- |');
for (const int8Kernel of ['rotated', 'blocks'] as const) {
  const other = await passes(await loadPass('int8', int8Kernel));
  const difference = mean(other.map((sides, i) => lossOf(sides) - lossOf(reference[i]!)));
  const cosines = await Promise.all(
    layers.map(async (_, layer) => {
      const each = [];
      for (const [i, sides] of other.entries()) each.push(await cosine(reference[i]!, sides, layer));
      return mean(each);
    }),
  );
  const sorted = cosines.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  console.log(
    `| ${int8Kernel} | ${difference.toFixed(4)} | ${sorted[0]!.toFixed(3)} | ${median.toFixed(3)} |`,
  );
}
await engine.close();

/** A pass that puts out both sides of every layer. */
async function loadPass(compute: 'float32' | 'int8', int8Kernel?: 'rotated' | 'blocks'): Promise<Program> {
  const model = await openModel(path!, { compute, ...(int8Kernel !== undefined && { int8Kernel }) });
  const pass = buildPass(model, layers, { lanes: 1, sequences: 1, seqLen: SEQ_LEN });
  pass.layers.forEach(({ x, dy }, layer) => {
    pass.graph.output(`x${layer}`, reshaped(x));
    pass.graph.output(`dy${layer}`, reshaped(dy));
  });
  return engine.load(pass.graph);
}

async function passes(program: Program): Promise<Sides[]> {
  const results: Sides[] = [];
  for (const batch of batches) results.push(await program.run(lossInputs([batch])));
  await program.release();
  return results;
}

async function cosine(a: Sides, b: Sides, layer: number): Promise<number> {
  const names = [`x${layer}`, `dy${layer}`] as const;
  const [x, dy] = names.map((name) => a[name]!) as [Tensor, Tensor];
  const program = await cosineProgram(x.shape, dy.shape);
  const { inner, first, second } = await program.run({ x, dy, x2: b[names[0]]!, dy2: b[names[1]]! });
  const number = (tensor: Tensor | undefined) => tensor!.data[0] as number;
  return number(inner) / Math.sqrt(number(first) * number(second));
}

function cosineProgram(x: readonly number[], dy: readonly number[]): Promise<Program> {
  const key = `${x} ${dy}`;
  const known = programs.get(key);
  if (known !== undefined) return known;
  const graph = new Graph();
  const [a, b] = ['', '2'].map((end) => [
    graph.input(`x${end}`, 'float32', x),
    graph.input(`dy${end}`, 'float32', dy),
  ]) as [[Value, Value], [Value, Value]];
  const product = (one: [Value, Value], two: [Value, Value]) => {
    const [inputs, gradients] = [0, 1].map((side) => matmul(one[side]!, two[side]!, { transposeB: true }));
    return reduceSum(mul(inputs!, gradients!), [0, 1]);
  };
  graph.output('inner', product(a, b));
  graph.output('first', product(a, a));
  graph.output('second', product(b, b));
  const loading = engine.load(graph);
  programs.set(key, loading);
  return loading;
}

/** The same value under a name of its own: layers that read the same values share them. */
function reshaped(value: Value): Value {
  return value.graph.apply(Reshape, [value], { shape: value.shape })[0]!;
}

function lossOf(sides: Sides): number {
  return sides[LOSS]!.data[0] as number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
