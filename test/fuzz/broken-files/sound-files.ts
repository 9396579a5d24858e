/** Whole files that the broken ones are made from, or stand beside. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveAdapter } from '../../../src/adapters/index.ts';
import { randomAdapter } from '../../../src/adapters/testing.ts';
import { openModel } from '../../../src/models/index.ts';
import { makeTinyModel, writeText } from '../../e2e/tiny-model.ts';
import { tensorFile } from '../kit/tensor-file.ts';

export interface Sound {
  /** Folder of a model. */
  readonly model: string;
  readonly text: string;
  /** Files of an adapter for the model. */
  readonly adapter: Readonly<Record<string, Uint8Array>>;
}

export async function makeSoundFiles(folder: string): Promise<Sound> {
  const model = makeTinyModel(join(folder, 'sound-model'));
  const text = writeText(join(folder, 'sound.txt'), 400);
  const run = join(folder, 'sound-adapter');
  mkdirSync(run);
  const opened = await openModel(model, { cacheFolder: join(folder, 'cache') });
  await saveAdapter(run, await randomAdapter(opened, [{ end: 'c_attn', family: 'core', rank: 4 }]));
  const adapter = Object.fromEntries(readdirSync(run).map((name) => [name, readFileSync(join(run, name))]));
  return { model, text, adapter };
}

/** A file of tensors of ones. */
export function safetensorsOf(shapes: Readonly<Record<string, readonly number[]>>): Uint8Array {
  return tensorFile(
    Object.entries(shapes).map(([name, shape]) => ({
      name,
      shape,
      values: new Float32Array(shape.reduce((size, extent) => size * extent, 1)).fill(1),
    })),
  );
}
