/** Files of a commit into the cache: room for them, one process at a time, and how far it is. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors/index.ts';
import { type FolderLock, lockFolder, makeFolder, tellWriteErrors } from '../files/index.ts';
import { bytesThere, downloadBlob, type Source } from './download.ts';
import type { CachedRepository } from './hub-cache.ts';
import { refuseStopped } from './hub-request.ts';
import type { HubSettings } from './hub-settings.ts';
import type { HubFile } from './repository-info.ts';

/** How far a download is. */
export interface DownloadProgress {
  /** `org/name` */
  readonly id: string;
  /** Bytes of the files that were missing, those included that an earlier run has left. */
  readonly total: number;
  /** Bytes of them that are there. */
  readonly done: number;
  /** Bytes of `done` that came in this run. */
  readonly received: number;
}

export interface HubOptions {
  /** Default: what the environment says. */
  readonly hub?: HubSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  /** Called with a model's folder once all but its weights is there, and before those are asked for: may throw. */
  readonly beforeWeights?: ((folder: string) => void) | undefined;
  /** Told what a person may wonder at, in whole sentences. */
  readonly onNote?: ((text: string) => void) | undefined;
}

const LOOK_AGAIN_MS = 250;

/** Runs `work` while no other process of this program fills the cache of the same repository. */
export async function inTurn<T>(
  folder: string,
  { signal, onNote }: HubOptions,
  work: () => Promise<T>,
): Promise<T> {
  tellWriteErrors(folder, () => makeFolder(folder));
  let lock: FolderLock | undefined;
  for (let waits = 0; lock === undefined; waits++) {
    try {
      lock = lockFolder(folder);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'folder-in-use') throw error;
      if (waits === 0) onNote?.('Another process is downloading the same files: waiting for it.');
      await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => refuseStopped(signal));
    }
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/**
 * Puts files where they belong in the cache, in this order; what is there already is not asked for.
 * Throws {@link UserError} `disk-full` before anything is written, and those of `downloadBlob`.
 */
export async function fillCache(
  source: Source,
  repository: CachedRepository,
  files: readonly HubFile[],
  onDownload: HubOptions['onDownload'],
): Promise<void> {
  const snapshot = repository.snapshot(source.commit);
  const missing = files.filter(({ name, size }) => sizeOf(snapshot.path(name)) !== size);
  const toFetch = missing.filter(({ etag, size }) => sizeOf(repository.blob(etag)) !== size);
  checkSpace(repository, toFetch);
  const total = toFetch.reduce((sum, { size }) => sum + size, 0);
  let [before, received] = [0, 0];
  for (const file of missing) {
    const blob = repository.blob(file.etag);
    if (sizeOf(blob) !== file.size) {
      let last: number | undefined;
      await downloadBlob(source, file, blob, (there) => {
        received += Math.max(0, there - (last ?? there));
        last = there;
        onDownload?.({ id: source.reference.id, total, done: before + there, received });
      });
      before += file.size;
    }
    snapshot.link(file.name, file.etag);
  }
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;

function checkSpace(repository: CachedRepository, files: readonly HubFile[]): void {
  const needed = files.reduce(
    (sum, { etag, size }) => sum + Math.max(0, size - bytesThere(repository.blob(etag))),
    0,
  );
  let folder = repository.folder;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  if (needed === 0 || needed <= bavail * bsize) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`;
  throw new UserError('disk-full', {
    what: `There is no room for the download in ${folder}.`,
    got: `${gigabytes(bavail * bsize)} free`,
    expected: `${gigabytes(needed)}`,
    fix: 'free some space, or set HF_HOME to a folder on another disk',
  });
}
