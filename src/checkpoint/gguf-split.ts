/** Models in several GGUF files, as llama-gguf-split writes them: the first holds the header, each some of the tensors. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { type GgufHeader, readGgufHeader } from './gguf.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import type { WeightSource } from './weight-source.ts';

/** `model-00001-of-00003.gguf` */
const PART_NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/**
 * That a file is the first of its parts, under the name from which those of the others follow: the others have no header
 * of their own. Throws {@link UserError} `model-incomplete`.
 *
 * @returns the count of parts, and the name of one; null for a file that is whole.
 */
export function checkFirstPart(
  path: string,
  metadata: GgufMetadata,
): { readonly count: number; readonly nameOf: (number: number) => string } | null {
  const count = metadata.integer('split.count') ?? 1;
  if (count <= 1) return null;
  const [, name, , total] = PART_NAME.exec(basename(path)) ?? [];
  const nameOf = (number: number) => `${name}-${pad(number)}-of-${pad(count)}.gguf`;
  const number = (metadata.integer('split.no') ?? 0) + 1;
  if (name !== undefined && Number(total) === count && number === 1) return { count, nameOf };
  throw incomplete(
    path,
    `part ${number} of ${count}`,
    `the first part, under the name that llama.cpp gives it: …-${pad(1)}-of-${pad(count)}.gguf`,
    name === undefined ? 'give the parts their names back' : `name ${nameOf(1)}`,
  );
}

/**
 * The tensors of a model and the files that hold them, links resolved; `first` is the file at `path`, its header read.
 * Throws {@link UserError} `model-incomplete` when a part is missing or another model's.
 */
export async function joinSplit(
  path: string,
  first: string,
  { metadata, tensors }: GgufHeader,
): Promise<{ readonly tensors: readonly WeightSource[]; readonly files: readonly string[] }> {
  const parts = checkFirstPart(path, metadata);
  if (parts === null) return { tensors, files: [first] };
  const { count, nameOf } = parts;
  const all = [...tensors];
  const files = [first];
  for (let index = 1; index < count; index++) {
    const beside = join(dirname(path), nameOf(index + 1));
    const file = await realpath(beside).catch((error: unknown) => {
      throw incomplete(path, `no ${nameOf(index + 1)}`, `${count} parts side by side`, 'download it', error);
    });
    const header = readGgufHeader(file);
    const said = [header.metadata.integer('split.no'), header.metadata.integer('split.count')];
    if (said.join() !== `${index},${count}`) {
      const got = `${nameOf(index + 1)}, which says split.no ${said[0]} and split.count ${said[1]}`;
      throw incomplete(path, got, `split.no ${index} and split.count ${count}`, 'download it again');
    }
    all.push(...header.tensors);
    files.push(file);
  }
  const expected = metadata.integer('split.tensors.count') ?? all.length;
  const names = new Set(all.map((tensor) => tensor.name)).size;
  if (all.length === expected && names === expected) return { tensors: all, files };
  const got = names < all.length ? `${all.length - names} tensors twice` : `${all.length} tensors`;
  throw incomplete(path, got, `${expected} tensors in all parts`, 'take all parts from one model');
}

const pad = (number: number): string => String(number).padStart(5, '0');

function incomplete(path: string, got: string, expected: string, fix: string, cause?: unknown): UserError {
  const what = `${path} is one part of a model that is not whole.`;
  return new UserError(
    'model-incomplete',
    { what, got, expected, fix },
    cause === undefined ? {} : { cause },
  );
}
