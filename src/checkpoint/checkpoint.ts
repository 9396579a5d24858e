/** Opening a checkpoint: a Hugging Face folder, a safetensors file in one, or a GGUF file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors/index.ts';
import {
  findRepeatedKey,
  type JsonFile,
  readFirstBytes,
  readingError,
  readJsonObject,
  readTextFile,
  recognizeKind,
  SIZE_LIMITS,
  withFile,
} from '../files/index.ts';
import { readGgufHeader } from './gguf.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import { findGgufModel, translateGguf } from './gguf-models/translate.ts';
import { checkFirstPart, joinSplit } from './gguf-split.ts';
import { notAModel } from './not-a-model.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { joinShards, readShardIndex, type Shard, type ShardIndex } from './shards.ts';
import type { WeightSource } from './weight-source.ts';

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
const CONFIG: JsonFile = {
  limit: SIZE_LIMITS.config,
  code: 'config-invalid',
  fix: 'download or write the file again',
};

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
  const status = await stat(path).catch((error: unknown) => {
    throw new UserError(
      'model-not-found',
      {
        what: `There is no model at ${path}.`,
        expected:
          'a Hugging Face folder (config.json and safetensors), a .gguf file, or an id on the hub: org/name',
        fix: 'check the path',
      },
      { cause: error },
    );
  });
  if (status.isDirectory()) return openFolder(path);
  // What a file is stands in its first bytes, not in its name.
  const kind = withFile(path, (file, size) => recognizeKind(readFirstBytes(file, path, size)));
  if (kind?.id === 'gguf' || path.endsWith('.gguf')) return openGguf(path);
  if (kind?.id === 'safetensors' || path.endsWith('.safetensors')) return openSafetensorsFile(path);
  throw new UserError('model-not-found', {
    what: `${path} is not a model file that can be read.`,
    got: kind?.name ?? 'a file of no kind that is known here',
    expected: 'a Hugging Face folder (config.json and safetensors), a .safetensors or a .gguf file',
    fix: kind === undefined || kind.id === 'json' ? 'name the folder of the model' : kind.fix,
  });
}

async function openFolder(folder: string): Promise<Checkpoint> {
  const entries = await readdir(folder);
  const index = entries.includes(INDEX_FILE) ? readShardIndex(join(folder, INDEX_FILE)) : undefined;
  const shards = index === undefined ? [SINGLE_FILE] : [...new Set(index.values())].toSorted();
  if (index === undefined && !entries.includes(SINGLE_FILE)) throw notAModel(folder, entries);
  const checkpoint = await openSafetensors(folder, shards, index);
  const ignored: string[] = [];
  if (entries.includes(SINGLE_FILE) && !shards.includes(SINGLE_FILE)) {
    ignored.push(
      `${SINGLE_FILE} stands beside ${INDEX_FILE} and is ignored: the index says where weights are.`,
    );
  }
  if (entries.includes('adapter_config.json')) {
    ignored.push('adapter_config.json stands beside the weights: the model is read without that adapter.');
  }
  return { ...checkpoint, warnings: [...ignored, ...checkpoint.warnings] };
}

/** One file named itself: the whole model, beside its config. */
async function openSafetensorsFile(path: string): Promise<Checkpoint> {
  const shard = /-(\d{5})-of-(\d{5})\.safetensors$/.exec(path);
  if (shard !== null && Number(shard[2]) > 1) {
    throw new UserError('model-incomplete', {
      what: `${path} is one part of a model.`,
      got: `part ${Number(shard[1])} of ${Number(shard[2])}`,
      expected: `all parts, with ${INDEX_FILE}`,
      fix: `name their folder: ${dirname(path)}`,
    });
  }
  return openSafetensors(dirname(path), [basename(path)]);
}

async function openSafetensors(
  folder: string,
  shards: readonly string[],
  index?: ShardIndex,
): Promise<Checkpoint> {
  const configPath = join(folder, 'config.json');
  const config = readJsonObject(configPath, CONFIG);
  const repeated = findRepeatedKey(readTextFile(configPath, CONFIG.limit));
  const opened: Shard[] = [];
  for (const name of shards) {
    const path = join(folder, name);
    // The engine maps no links, and the hub's cache is made of them.
    const file = await realpath(path).catch((error: unknown) => {
      throw readingError(path, error);
    });
    opened.push({ name, file, tensors: readSafetensorsHeader(file).tensors });
  }
  const files = opened.map(({ file }) => file);
  const { weights, warnings } = joinShards(opened, index);
  return {
    path: folder,
    format: 'safetensors',
    config,
    weights,
    warnings: [
      ...(repeated === undefined
        ? []
        : [`config.json says ${repeated} twice: the last counts, as in transformers.`]),
      ...warnings,
    ],
    files,
    sha256: once(() => hashFiles(files)),
  };
}

async function openGguf(path: string): Promise<Checkpoint> {
  const first = await realpath(path);
  const header = readGgufHeader(first, (metadata) => checkKind(path, metadata));
  const { tensors, files } = await joinSplit(path, first, header);
  return {
    path,
    format: 'gguf',
    ...translateGguf(path, { ...header, tensors }),
    files,
    gguf: header.metadata,
    sha256: once(() => hashFiles(files)),
  };
}

/** That a GGUF file is a model that can be read: before how its tensors are stored. */
function checkKind(path: string, metadata: GgufMetadata): void {
  checkFirstPart(path, metadata);
  const type = metadata.string('general.type') ?? 'model';
  if (type !== 'model') {
    throw new UserError('gguf-unsupported', {
      what: `${path} holds no model of its own.`,
      got: `general.type ${type}`,
      expected: 'a model',
      fix: type === 'adapter' ? 'name the base model' : 'name a GGUF file of a language model',
    });
  }
  findGgufModel(path, metadata);
}

/** Hash of the bytes of files, one after the other. Throws `UserError` `file-not-found`, `file-not-readable`. */
export async function hashFiles(files: readonly string[]): Promise<string> {
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
