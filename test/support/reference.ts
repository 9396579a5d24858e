/** The PyTorch float64 references of `test/reference/models`, made by `scripts/reference/make-models.py`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSafetensorsHeader } from '../../src/checkpoint/index.ts';
import type { Batch } from '../../src/text/index.ts';

export const REFERENCE_MODELS = ['gpt2', 'llama', 'llama-tied', 'llama-scaled'] as const;

export interface Reference {
  readonly folder: string;
  readonly batches: readonly Batch[];
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float64Array }>;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON file whose shape the script documents
  readonly json: any;
}

export function loadReference(name: (typeof REFERENCE_MODELS)[number]): Reference {
  const folder = fileURLToPath(new URL(`../reference/models/${name}`, import.meta.url));
  const tokens = readTensors(`${folder}/batches.safetensors`);
  const [count, sequences, seqLen] = tokens.get('tokens')!.shape as [number, number, number];
  const size = sequences * seqLen;
  const part = (key: string, index: number) =>
    tokens.get(key)!.data.subarray(index * size, (index + 1) * size);
  const batches = Array.from({ length: count }, (_, index) => ({
    tokens: Int32Array.from(part('tokens', index)),
    lossMask: Uint8Array.from(part('lossMask', index)),
    sequences,
    seqLen,
  }));
  const json = JSON.parse(readFileSync(`${folder}/reference.json`, 'utf8'));
  return { folder, batches, tensors: readTensors(`${folder}/reference.safetensors`), json };
}

function readTensors(path: string) {
  const file = readFileSync(path);
  const tensors = new Map<string, { shape: readonly number[]; data: Float64Array }>();
  for (const [name, { dtype, shape, offset, length }] of readSafetensorsHeader(path).tensors) {
    const bytes = file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + length);
    const arrays = { F64: Float64Array, I32: Int32Array, U8: Uint8Array, F32: Float32Array };
    const values = new arrays[dtype as keyof typeof arrays](bytes);
    tensors.set(name, { shape, data: Float64Array.from(values) });
  }
  return tensors;
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
