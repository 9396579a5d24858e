/** A file in the place of a model's weights that is something else: called by its name. */
import { UserError } from '../errors/index.ts';
import { recognizeKind } from '../files/index.ts';

const NAMES = { safetensors: 'a safetensors file', gguf: 'a GGUF file' } as const;

/**
 * Throws {@link UserError} `safetensors-invalid` or `gguf-invalid` where a file's first bytes are those of another known
 * kind. What no kind is known for goes on to the reader, which says where it fails.
 */
export function refuseOtherKinds(path: string, bytes: Uint8Array, wanted: keyof typeof NAMES): void {
  const kind = recognizeKind(bytes);
  if (kind === undefined || kind.id === wanted) return;
  throw new UserError(`${wanted}-invalid`, {
    what: `${path} is not ${NAMES[wanted]}.`,
    got: kind.name,
    expected: NAMES[wanted],
    fix: kind.fix,
  });
}
