/** Folders for what is not kept. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOST, stateOf } from './process-mark.ts';
import { tellWriteErrors } from './refusals.ts';
import { MACHINE, own, tryToList } from './remains.ts';

/** `rankscope-<process>-<machine>-<random>` */
const TEMPORARY = /^rankscope-(\d+)-([0-9a-f]{8})-\w+$/;

/**
 * A new folder among the system's temporary files. Those of processes that ended without removing theirs go.
 * Throws `UserError` `cannot-write`.
 */
export function makeTemporaryFolder(): string {
  const place = tmpdir();
  for (const name of tryToList(place)) {
    const [, pid, machine] = TEMPORARY.exec(name) ?? [];
    if (machine !== MACHINE || stateOf({ host: HOST, pid: Number(pid), started: null }) !== 'ended') continue;
    try {
      rmSync(join(place, name), { recursive: true, force: true });
    } catch {
      // Another user's, or being removed by another process.
    }
  }
  const path = tellWriteErrors(`the folder of temporary files, ${place} (TMPDIR),`, () =>
    mkdtempSync(join(place, `rankscope-${process.pid}-${MACHINE}-`)),
  );
  own.add(path);
  return path;
}

/** Removes what {@link makeTemporaryFolder} made. */
export function removeTemporaryFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  own.delete(path);
}

/** Runs `work` with such a folder, which is removed afterwards. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeTemporaryFolder();
  try {
    return await work(folder);
  } finally {
    removeTemporaryFolder(folder);
  }
}
