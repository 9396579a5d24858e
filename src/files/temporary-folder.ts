/** A folder for what is not kept. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellWriteErrors } from './refusals.ts';

/** A new folder of the system's temporary files. Throws `UserError` `cannot-write`. */
export function makeTemporaryFolder(): string {
  const place = tmpdir();
  return tellWriteErrors(`the folder of temporary files, ${place} (TMPDIR),`, () =>
    mkdtempSync(join(place, 'rankscope-')),
  );
}

/** Runs `work` with such a folder, which is removed afterwards. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeTemporaryFolder();
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
