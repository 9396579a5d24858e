/** Opening a checkpoint: a Hugging Face folder, a safetensors file in one, or a GGUF file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { readingError } from '../files/index.ts';
import { readGgufHeader } from './gguf.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import { translateLlama } from './llama-gguf.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import type { WeightSource } from './weight-source.ts';

/** An opened checkpoint: headers are read and checked, weights are not yet read. */
export interface Checkpoint {
  /** The folder (safetensors) or the file (GGUF). */
  readonly path: string;
  readonly format: 'safetensors' | 'gguf';
  /** config.json, or the same words made from a GGUF header. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By Hugging Face name. */
  readonly weights: ReadonlyMap<string, WeightSource>;
  /** Absolute paths of the weight files, links resolved. */
  readonly files: readonly string[];
  /** What was found in the files that the user should know of, in whole sentences. */
  readonly warnings: readonly string[];
  /** The header's key–value part, for GGUF. */
  readonly gguf?: GgufMetadata;
  /** Hash of the weight files' bytes, one after the other: for a single file, its own SHA-256. */
  sha256(): Promise<string>;
}

/**
 * Opens a checkpoint and checks its headers.
 * Throws {@link UserError} `model-not-found`, `model-incomplete`, `config-invalid`, `gguf-unsupported` and
 * those of {@link readSafetensorsHeader} and `readGgufHeader`.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const kind = await stat(path).catch((error: unknown) => {
    throw new UserError(
      'model-not-found',
      {
        what: `There is no model at ${path}.`,
        expected: 'a Hugging Face folder (config.json and safetensors) or a .gguf file',
        fix: 'check the path',
      },
      { cause: error },
    );
  });
  if (kind.isDirectory()) return openFolder(path);
  if (path.endsWith('.gguf')) return openGguf(path);
  if (path.endsWith('.safetensors')) return openSafetensors(dirname(path), [path]);
  throw new UserError('model-not-found', {
    what: `${path} is not a model file that can be read.`,
    expected: 'a Hugging Face folder (config.json and safetensors), a .safetensors or a .gguf file',
    fix: 'name the folder of the model',
  });
}

async function openFolder(folder: string): Promise<Checkpoint> {
  const entries = await readdir(folder);
  if (entries.includes('model.safetensors'))
    return openSafetensors(folder, [join(folder, 'model.safetensors')]);
  const index = join(folder, 'model.safetensors.index.json');
  if (entries.includes('model.safetensors.index.json')) {
    const shardOf = await readIndex(index);
    const shards = [...new Set(Object.values(shardOf))].toSorted();
    const checkpoint = await openSafetensors(
      folder,
      shards.map((shard) => join(folder, shard)),
    );
    const missing = Object.keys(shardOf).find((name) => !checkpoint.weights.has(name));
    if (missing === undefined) return checkpoint;
    throw incomplete(
      folder,
      `weight ${missing} stands in the index but in no shard`,
      'download the shards again',
    );
  }
  const gguf = entries.find((name) => name.endsWith('.gguf'));
  throw incomplete(
    folder,
    `the folder holds ${entries.slice(0, 8).join(', ') || 'nothing'}`,
    gguf === undefined
      ? 'save the model with save_pretrained(…)'
      : `name the file itself: ${join(folder, gguf)}`,
  );
}

async function openSafetensors(folder: string, paths: readonly string[]): Promise<Checkpoint> {
  const config = await readJsonObject(join(folder, 'config.json'));
  const files: string[] = [];
  const weights = new Map<string, WeightSource>();
  for (const path of paths) {
    // The engine maps no links, and the hub's cache is made of them.
    const file = await realpath(path).catch((error: unknown) => {
      throw readingError(path, error);
    });
    files.push(file);
    for (const [name, source] of readSafetensorsHeader(file).tensors) {
      if (weights.has(name))
        throw incomplete(folder, `weight ${name} stands in two shards`, 'remove stale shards');
      weights.set(name, source);
    }
  }
  return {
    path: folder,
    format: 'safetensors',
    config,
    weights,
    files,
    warnings: [],
    sha256: once(() => hashFiles(files)),
  };
}

async function openGguf(path: string): Promise<Checkpoint> {
  const file = await realpath(path);
  const header = readGgufHeader(file);
  return {
    path,
    format: 'gguf',
    ...translateLlama(file, header),
    files: [file],
    gguf: header.metadata,
    sha256: once(() => hashFiles([file])),
  };
}

async function readIndex(path: string): Promise<Record<string, string>> {
  const { weight_map: map } = await readJsonObject(path);
  // A shard stands beside its index: a name with a folder in it could point anywhere.
  const isShard = (shard: unknown) => typeof shard === 'string' && /^[^/\\]+\.safetensors$/.test(shard);
  if (typeof map === 'object' && map !== null && Object.values(map).every(isShard)) {
    return map as Record<string, string>;
  }
  throw new UserError('config-invalid', {
    what: `${path} has no usable weight_map.`,
    got: JSON.stringify(map)?.slice(0, 80) ?? 'nothing',
    expected: 'an object of weight names and names of .safetensors files in the same folder',
    fix: 'download the file again',
  });
}

async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readingError(path, error);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    value = error;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Error)) {
    return value as Record<string, unknown>;
  }
  throw new UserError('config-invalid', {
    what: `${path} is not a JSON object.`,
    got: value instanceof Error ? value.message : typeof value,
    fix: 'download or write the file again',
  });
}

async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    try {
      for await (const bytes of createReadStream(file, { highWaterMark: 2 ** 22 })) hash.update(bytes);
    } catch (error) {
      throw readingError(file, error);
    }
  }
  return hash.digest('hex');
}

function once<Result>(compute: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= compute();
    return result;
  };
}

function incomplete(folder: string, got: string, fix: string): UserError {
  return new UserError('model-incomplete', {
    what: `${folder} is not a complete model.`,
    got,
    expected: 'config.json and model.safetensors, or model.safetensors.index.json with its shards',
    fix,
  });
}
