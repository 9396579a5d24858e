/** One safetensors file out of several. */
import { readPieces, writeFileAtomically } from '../files/index.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { encodeHeader } from './safetensors-write.ts';

/**
 * Writes the tensors of several safetensors files, which have no name in common, to one, piece by piece: memory does not
 * grow with them. Throws `UserError` `cannot-write`, and as {@link readSafetensorsHeader} does.
 */
export async function joinSafetensors(
  paths: readonly string[],
  target: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const tensors = paths.flatMap((path) => [...readSafetensorsHeader(path).tensors.values()]);
  const entries = tensors.map(({ name, dtype, shape, length }) => ({ name, dtype, shape, bytes: length }));
  await writeFileAtomically(target, async (file) => {
    await file.writeFile(encodeHeader(entries, metadata));
    for (const tensor of tensors) for await (const piece of readPieces(tensor)) await file.writeFile(piece);
  });
}
