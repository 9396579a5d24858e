/** Small safetensors files of float32 tensors, whole and broken. */
import type { Rng } from '../../../src/numeric/index.ts';
import { changeBytes, join, textBytes } from './change-bytes.ts';
import { changeTree, printTree, treeOf } from './json-tree.ts';
import { judgeSafetensors } from './judge-safetensors.ts';
import { chance, pick } from './odd-values.ts';
import type { FuzzCase } from './target.ts';

export interface PlainTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A tensor of numbers around zero. */
export function randomTensor(name: string, shape: readonly number[], rng: Rng): PlainTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { name, shape, values: Float32Array.from({ length: size }, () => rng.uniform() - 0.5) };
}

export function tensorFile(
  tensors: readonly PlainTensor[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  return assemble(JSON.stringify(headerOf(tensors, metadata)), dataOf(tensors));
}

export interface BrokenTensors {
  readonly bytes: Uint8Array;
  readonly verdict: FuzzCase<unknown>['verdict'];
  readonly changes: readonly string[];
}

/**
 * A file whose every tensor is needed: changed in its header, its data or its bytes. `refuse` where the file is no
 * safetensors file any more, or a number in it is not finite.
 */
export function breakTensors(
  tensors: readonly PlainTensor[],
  rng: Rng,
  metadata?: Readonly<Record<string, string>>,
): BrokenTensors {
  const kind = rng.integer(4);
  if (kind === 0 && tensors.length > 0) {
    const broken = tensors.map(({ values, ...rest }) => ({ ...rest, values: Float32Array.from(values) }));
    const { name, values } = pick(rng, broken);
    if (values.length > 0) {
      const odd = pick(rng, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      values[rng.integer(values.length)] = odd;
      return { bytes: tensorFile(broken, metadata), verdict: 'refuse', changes: [`${odd} in ${name}`] };
    }
  }
  if (kind === 1 && tensors.length > 0) {
    const missing = pick(rng, tensors);
    const rest = tensors.filter((tensor) => tensor !== missing);
    return { bytes: tensorFile(rest, metadata), verdict: 'refuse', changes: [`no ${missing.name}`] };
  }
  let bytes: Uint8Array;
  let change: string;
  if (kind === 2) {
    const made = changeBytes(tensorFile(tensors, metadata), rng, () => tensorFile(tensors, metadata));
    [bytes, change] = [made.bytes, made.what];
  } else {
    const tree = treeOf(headerOf(tensors, metadata));
    const { what, path } = changeTree(tree, rng);
    [bytes, change] = [assemble(printTree(tree), dataOf(tensors)), `${what} ${path}`];
  }
  const judged = judgeSafetensors(bytes);
  const verdict = judged.verdict === 'refuse' ? 'refuse' : 'either';
  return { bytes, verdict, changes: [change, judged.why] };
}

/** The file as it is, or broken. */
export function maybeBroken(
  tensors: readonly PlainTensor[],
  rng: Rng,
  metadata?: Readonly<Record<string, string>>,
): BrokenTensors {
  if (!chance(rng, 0.6)) return breakTensors(tensors, rng, metadata);
  return { bytes: tensorFile(tensors, metadata), verdict: 'accept', changes: [] };
}

/** The verdict on files that are read together. */
export function together(parts: readonly Pick<BrokenTensors, 'verdict' | 'changes'>[]) {
  const verdicts = parts.map(({ verdict }) => verdict);
  const verdict = verdicts.includes('refuse') ? 'refuse' : verdicts.includes('either') ? 'either' : 'accept';
  return {
    verdict: verdict as FuzzCase<unknown>['verdict'],
    changes: parts.flatMap(({ changes }) => changes),
  };
}

function headerOf(tensors: readonly PlainTensor[], metadata?: Readonly<Record<string, string>>) {
  let end = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  return { ...(metadata !== undefined && { __metadata__: metadata }), ...Object.fromEntries(entries) };
}

const dataOf = (tensors: readonly PlainTensor[]) =>
  join(...tensors.map(({ values }) => new Uint8Array(values.buffer as ArrayBuffer)));

function assemble(header: string, data: Uint8Array): Uint8Array {
  const text = textBytes(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return join(length, text, data);
}
