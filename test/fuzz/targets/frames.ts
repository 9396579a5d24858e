/** Frames files, as `probe --save-frames` writes them. */
import { join } from 'node:path';
import { openFrames } from '../../../src/coverage/frames-file.ts';
import type { LinearLayer } from '../../../src/models/index.ts';
import { multiply, type Rng } from '../../../src/numeric/index.ts';
import { chance } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { maybeBroken, randomTensor } from '../kit/tensor-file.ts';

const FILE = 'frames.safetensors';
const LAYERS: readonly LinearLayer[] = [
  { name: 'h.0.attn', role: 'up', inFeatures: 6, outFeatures: 4, stored: 'in-out', bias: true },
  { name: 'h.0.mlp', role: 'up', inFeatures: 4, outFeatures: 8, stored: 'out-in', bias: false },
];

/** Largest entry of UᵀU − I over all frames, and how many columns they have. */
interface Read {
  readonly columns: readonly number[];
  readonly deviation: number;
}

export const frames = defineTarget<Read>({
  name: 'frames',
  weight: 2,
  make: makeFrames,
  async read(folder) {
    const file = openFrames(`${join(folder, FILE)}#svd`, LAYERS);
    let deviation = 0;
    for (const layer of LAYERS) {
      const frame = await file.read(layer, 3, async (...factors) => multiply(...factors));
      for (const { rows, cols, data } of [frame.u, frame.v]) {
        for (let i = 0; i < cols; i++)
          for (let j = 0; j <= i; j++) {
            let dot = 0;
            for (let row = 0; row < rows; row++) dot += data[row * cols + i]! * data[row * cols + j]!;
            deviation = Math.max(deviation, Math.abs(dot - (i === j ? 1 : 0)));
          }
      }
    }
    return { columns: LAYERS.map((layer) => file.columns(layer)), deviation };
  },
});

function makeFrames(rng: Rng): FuzzCase<Read> {
  const columns = LAYERS.map(
    ({ inFeatures, outFeatures }) => 1 + rng.integer(Math.min(inFeatures, outFeatures)),
  );
  const tensors = LAYERS.flatMap(({ name, inFeatures, outFeatures }, index) => [
    randomTensor(`svd/${name}/u`, [inFeatures, columns[index]!], rng),
    randomTensor(`svd/${name}/v`, [outFeatures, columns[index]!], rng),
  ]);
  const others = chance(rng, 0.3) ? [randomTensor('random/h.0.attn/u', [6, 2], rng)] : [];
  const { bytes, verdict, changes } = maybeBroken([...tensors, ...others], rng);
  // What is wrong with a set that nobody asked for does not count.
  const inOthers = changes.some((change) => change.includes('random/'));
  return {
    files: { [FILE]: bytes },
    verdict: inOthers ? 'either' : verdict,
    changes,
    check: (read) => {
      if (!(read.deviation < 1e-9)) return `frames are orthonormal but for ${read.deviation}`;
      return changes.length === 0 && read.columns.join() !== columns.join()
        ? `columns ${read.columns}`
        : undefined;
    },
  };
}
