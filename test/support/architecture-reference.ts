/** The references of `test/reference/architectures`, made by `scripts/reference/make-architectures.py`. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSafetensors, readWeight } from '../../src/checkpoint/index.ts';
import type { Batch } from '../../src/text/index.ts';
import type { ModelReference } from './model-reference.ts';

const FOLDER = fileURLToPath(new URL('../reference/architectures/', import.meta.url));

export const ARCHITECTURE_MODELS: readonly string[] = readdirSync(FOLDER).toSorted();

export interface ArchitectureReference extends ModelReference {
  readonly folder: string;
  readonly batches: readonly Batch[];
  readonly adamw: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly clip: number;
    readonly losses: readonly number[];
    readonly gradientNorms: readonly number[];
  };
  /** `logits`, or `gradient/<weight>`. */
  readonly tensor: (name: string) => Float32Array;
}

export function loadArchitecture(name: string): ArchitectureReference {
  const folder = join(FOLDER, name);
  const json = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));
  const source = openSafetensors(join(folder, 'reference.safetensors'));
  const toBatch = (sequences: readonly (readonly number[])[]): Batch => ({
    tokens: Int32Array.from(sequences.flat()),
    lossMask: Uint8Array.from(sequences.flatMap((row) => row.map((_, position) => Number(position > 0)))),
    sequences: sequences.length,
    seqLen: sequences[0]!.length,
  });
  return {
    ...json,
    folder,
    batches: json.batches.map(toBatch),
    tensor: (tensor) => readWeight(source, tensor),
  };
}
