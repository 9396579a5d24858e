/** What `setup.ts` wrote, read back for our side of the benchmark. */

import { readFileSync } from 'node:fs';
import { readSafetensorsHeader } from '../src/checkpoint/index.ts';
import type { PlacedFrame } from '../src/coverage/frame.ts';
import type { FrameSet } from '../src/coverage/index.ts';
import type { LinearLayer } from '../src/models/index.ts';
import type { Batch } from '../src/text/index.ts';

export function readBatches(path: string): Batch[] {
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
export function readFrameSets(path: string, layers: readonly LinearLayer[]): FrameSet[] {
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
