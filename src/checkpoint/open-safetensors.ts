/** One safetensors file of our own, without a config: frames, adapters, checkpoints of a training. */
import type { Checkpoint } from './checkpoint.ts';
import { readSafetensorsHeader } from './safetensors.ts';

/** What `readWeight` reads from, with the file's metadata. Throws as {@link readSafetensorsHeader} does. */
export function openSafetensors(path: string): Pick<
  Checkpoint,
  'path' | 'weights' | 'format' | 'config' | 'files' | 'sha256'
> & {
  readonly metadata: Readonly<Record<string, string>>;
} {
  const { tensors: weights, metadata } = readSafetensorsHeader(path);
  return {
    path,
    format: 'safetensors',
    config: {},
    weights,
    files: [path],
    sha256: async () => '',
    metadata,
  };
}
