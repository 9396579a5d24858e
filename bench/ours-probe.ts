/**
 * Our side of the benchmark: the job of `torch_probe.py`, timed the same way. For every batch the loss, ‖G‖ of every
 * layer exactly, and for every basis the core energies at every rank.
 *
 *     tsx bench/ours-probe.ts '{"model": DIR, "tokens": FILE, "frames": FILE, "compute": "float32"}'
 */
import {
  addPass,
  buildPass,
  collectMeasurements,
  emptyMeasurement,
  type MeasurePlan,
} from '../src/coverage/index.ts';
import { LOSS } from '../src/coverage/pass.ts';
import { lossInputs, openModel } from '../src/models/index.ts';
import type { Compute, Int8Kernel } from '../src/record/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { readBatches, readFrameSets } from './files.ts';

interface OursOptions {
  readonly model: string;
  readonly tokens: string;
  readonly frames: string;
  readonly compute: Compute;
  /** Default: what openModel finds best. */
  readonly int8Kernel?: Int8Kernel;
  readonly prepack: boolean;
  readonly threads: number;
  readonly cacheFolder: string;
}

const options: OursOptions = JSON.parse(process.argv[2]!);
const started = performance.now();
const { compute, int8Kernel, cacheFolder } = options;
const model = await openModel(options.model, {
  compute,
  cacheFolder,
  ...(int8Kernel !== undefined && { int8Kernel }),
});
const { layers } = model.definition;
const batches = readBatches(options.tokens);
const frameSets = readFrameSets(options.frames, layers);
const plan: MeasurePlan = { lanes: 1, oneSided: false, natural: false, permutation: [] };
const { sequences, seqLen } = batches[0]!;
const pass = buildPass(model, layers, { lanes: 1, sequences, seqLen });
collectMeasurements(pass.graph, pass.layers, frameSets, plan);
const engine = createOnnxEngine({ threads: options.threads, prepack: options.prepack });
const program = await engine.load(pass.graph);
const loadSeconds = (performance.now() - started) / 1000;

const batchSeconds: number[] = [];
const losses: number[] = [];
const measured = layers.map((layer) => {
  const ranks = frameSets.map(({ frames }) => frames.get(layer.name)!.rank);
  return emptyMeasurement(layer, ranks, ['core'], plan);
});
await program.run(lossInputs([batches[0]!]));
for (const batch of batches) {
  const began = performance.now();
  const outputs = await program.run(lossInputs([batch]));
  losses.push(outputs[LOSS]!.data[0] as number);
  for (const layer of measured) addPass(layer, outputs, plan);
  batchSeconds.push((performance.now() - began) / 1000);
}
await engine.close();

const globalCoverage = Object.fromEntries(
  frameSets.map(({ label }, index) => [
    label,
    batches.map((_, batch) => {
      let energy = 0;
      let norm = 0;
      for (const { inner, frames } of measured) {
        energy += frames[index]!.energies.get('core')!.batches[batch]!.at(-1)!;
        norm += inner.batches[batch]!;
      }
      return Math.sqrt(energy / norm);
    }),
  ]),
);
const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ loadSeconds, batchSeconds, peakMemoryBytes, losses, globalCoverage }));
