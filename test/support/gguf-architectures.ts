/** The files of `test/reference/gguf-architectures`, made by `scripts/reference/make-gguf-architectures.py`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelReference } from './model-reference.ts';

export const GGUF_FOLDER = fileURLToPath(new URL('../reference/gguf-architectures/', import.meta.url));

/** By name, the file or the first of its parts. */
export const GGUF_FILES: ReadonlyMap<string, string> = new Map(
  readdirSync(GGUF_FOLDER).flatMap((file) => {
    const [, name] = /^(\w+)(?:-00001-of-\d{5})?\.gguf$/.exec(file) ?? [];
    return name === undefined ? [] : [[name, join(GGUF_FOLDER, file)] as const];
  }),
);

/** SHA-256 of the weights by Hugging Face name, and what the model computes. */
export function loadGgufReference(
  name: string,
): ModelReference & { readonly weights: Record<string, string> } {
  return JSON.parse(readFileSync(join(GGUF_FOLDER, `${name}.json`), 'utf8'));
}
