/**
 * Our side of the benchmark: the job of `torch_probe.py`, timed the same way. For every batch the loss, ‖G‖ of every
 * layer exactly, and for every basis the core energies at every rank.
 *
 *     tsx bench/ours.ts '{"model": DIR, "tokens": FILE, "frames": FILE, "compute": "float32", "rounds": 3}'
 */
import { readFileSync } from 'node:fs';
import { readSafetensorsHeader } from '../src/checkpoint/index.ts';
import { collectMeasurements, type MeasurePlan } from '../src/coverage/collect.ts';
import type { FrameSet, PlacedFrame } from '../src/coverage/frame.ts';
import { addPass, emptyMeasurement } from '../src/coverage/measurement.ts';
import { buildPass, LOSS } from '../src/coverage/pass.ts';
import { type Batch, lossInputs, openModel, targetCount } from '../src/models/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';

export interface OursOptions {
  readonly model: string;
  readonly tokens: string;
  readonly frames: string;
  readonly compute: 'float32' | 'int8';
  readonly prepack: boolean;
  readonly rounds: number;
  readonly threads: number;
  readonly cacheFolder: string;
}

const options: OursOptions = JSON.parse(process.argv[2]!);
const started = performance.now();
const model = await openModel(options.model, { compute: options.compute, cacheFolder: options.cacheFolder });
const { layers } = model.definition;
const batches = readBatches(options.tokens);
const frameSets = readFrameSets(options.frames);
const plan: MeasurePlan = { lanes: 1, oneSided: false, natural: false, permutation: [] };
const { sequences, seqLen } = batches[0]!;
const pass = buildPass(model, layers, { lanes: 1, sequences, seqLen });
collectMeasurements(pass.graph, pass.layers, frameSets, plan);
const engine = createOnnxEngine({ threads: options.threads, prepack: options.prepack });
const program = await engine.load(pass.graph);
const loadSeconds = (performance.now() - started) / 1000;

const round = async (some: readonly Batch[]) => {
  const measured = layers.map((layer) => {
    const ranks = frameSets.map(({ frames }) => frames.get(layer.name)!.rank);
    return emptyMeasurement(layer, ranks, ['core'], plan);
  });
  const losses: number[] = [];
  for (const batch of some) {
    const outputs = await program.run(lossInputs([batch]));
    losses.push(outputs[LOSS]!.data[0] as number);
    for (const layer of measured) addPass(layer, outputs, [targetCount(batch)], plan);
  }
  return { losses, measured };
};
await round(batches.slice(0, 1));
const roundSeconds: number[] = [];
let last = await round([]);
for (let i = 0; i < options.rounds; i++) {
  const began = performance.now();
  last = await round(batches);
  roundSeconds.push((performance.now() - began) / 1000);
}
await engine.close();

const globalCoverage = Object.fromEntries(
  frameSets.map(({ label }, index) => [
    label,
    batches.map((_, batch) => {
      let energy = 0;
      let norm = 0;
      for (const { inner, frames } of last.measured) {
        energy += frames[index]!.energies.get('core')!.batches[batch]!.at(-1)!;
        norm += inner.batches[batch]!;
      }
      return Math.sqrt(energy / norm);
    }),
  ]),
);
const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(
  JSON.stringify({ loadSeconds, roundSeconds, peakMemoryBytes, losses: last.losses, globalCoverage }),
);

function readBatches(path: string): Batch[] {
  const file = readFileSync(path);
  const { tensors } = readSafetensorsHeader(path);
  const part = (name: string) => {
    const { offset, length } = tensors.get(name)!;
    return file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + length);
  };
  const [count, rows, length] = tensors.get('tokens')!.shape as [number, number, number];
  const tokens = new Int32Array(part('tokens'));
  const lossMask = new Uint8Array(part('lossMask'));
  return Array.from({ length: count }, (_, i) => ({
    tokens: tokens.subarray(i * rows * length, (i + 1) * rows * length),
    lossMask: lossMask.subarray(i * rows * length, (i + 1) * rows * length),
    sequences: rows,
    seqLen: length,
  }));
}

/** Frames by label, from a file that `--save-frames` or the benchmark wrote. */
function readFrameSets(path: string): FrameSet[] {
  const { tensors } = readSafetensorsHeader(path);
  const labels = [...new Set([...tensors.keys()].map((name) => name.split('/')[0]!))];
  return labels.map((label) => ({
    basis: 'svd',
    label,
    frames: new Map(
      layers.map((layer): [string, PlacedFrame] => {
        const side = (part: 'u' | 'v') => {
          const name = `${label}/${layer.name}/${part}`;
          const { path: file, offset, length, shape } = tensors.get(name)!;
          return { name, shape: [shape[0]!, shape[1]!] as const, data: { path: file, offset, length } };
        };
        return [layer.name, { rank: side('u').shape[1], u: side('u'), v: side('v') }];
      }),
    ),
  }));
}
