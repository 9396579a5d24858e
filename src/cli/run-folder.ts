/** The folder of a run, made before the work and removed again when the work gives nothing. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../errors/index.ts';
import { type FolderLock, followLink, lockFolder } from '../files/index.ts';
import { hubReferenceOf } from '../hub/index.ts';
import { createRunDirectory, discardRun, type RunRecord } from '../record/index.ts';
import { readPackageInfo } from './package-info.ts';

export interface RunFolder {
  /** Absolute. */
  readonly directory: string;
  /** No other process works there until it is released, or this process ends. */
  readonly lock: FolderLock;
  /** Removes `files` and everything else that was made for the run. */
  discard(files: readonly string[]): void;
}

/** @throws UserError `output-exists`, `folder-in-use`, `cannot-write`; nothing is left then. */
export function openRunFolder(path: string, run: RunRecord): RunFolder {
  const made: string[] = [];
  const removeMade = () => {
    for (const folder of made.toReversed())
      if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  };
  let lock: FolderLock | undefined;
  try {
    makeFolders(followLink(resolve(path)), made);
    const held = lockFolder(path);
    lock = held;
    const directory = createRunDirectory(path, run);
    return {
      directory,
      lock: held,
      discard: (files) => {
        for (const file of files) rmSync(join(directory, file), { force: true });
        held.release();
        discardRun(directory);
        removeMade();
      },
    };
  } catch (error) {
    lock?.release();
    removeMade();
    throw error;
  }
}

/**
 * Makes `path` and the folders above it that are missing, and adds each to `made`. Node's own recursive mkdir
 * does not tell which those were, and never returns where no folder can be made (/proc).
 */
function makeFolders(path: string, made: string[]): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path), made);
  try {
    mkdirSync(path);
  } catch (error) {
    throw new UserError(
      'cannot-write',
      {
        what: `the output folder ${path} cannot be made`,
        got: error instanceof Error ? error.message : String(error),
        fix: 'choose another folder with --out, or make room or rights for this one',
      },
      { cause: error },
    );
  }
  made.push(path);
}

/** What `run.json` says when a command begins. */
export function describeRun(command: string, args: readonly string[], seed: number): RunRecord {
  const { version, dependencies } = readPackageInfo();
  return {
    schema: 'rankscope.run',
    version: 1,
    command,
    arguments: [...args],
    status: 'running',
    startedAt: new Date().toISOString(),
    finishedAt: null,
    versions: {
      rankscope: version,
      node: process.versions.node,
      'onnxruntime-node': dependencies['onnxruntime-node']!,
    },
    machine: {
      processor: cpus()[0]?.model ?? process.arch,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    },
    seed,
  };
}

/** What runs on a model are called: the last part of its path, or of its id on the hub. */
export function runName(model: string): string {
  const reference = hubReferenceOf(model, 'models');
  return basename(reference?.file ?? reference?.id ?? model).replace(/\.gguf$/, '');
}

/** `rankscope-runs/<prefix><model>-<time>`, the time as `2026-01-31T12-00-00`, UTC. */
export function defaultFolder(model: string, prefix = ''): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  return join('rankscope-runs', `${prefix}${runName(model)}-${time}`);
}

/** From the working directory when it lies in there, else absolute. */
export function shortPath(absolute: string): string {
  const path = relative(process.cwd(), absolute);
  return path.startsWith('..') ? absolute : path;
}
