import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FROM_SOURCES, memoryFolder } from '../kills/process.ts';
import { prepareDisks } from './disks.ts';
import { canMount, tryFullDisk } from './full-disk.ts';

const base = mkdtempSync(join(memoryFolder(), 'rankscope-disks-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const disks = await prepareDisks(base);

it('there are 24 small disks', () => {
  expect(disks).toHaveLength(24);
});

// `node --import tsx test/fuzz/full-disks/try-all.ts` tries them all; only root may mount.
describe.runIf(canMount(base))('a full disk', () => {
  const chosen = disks.filter((_, index) => index % 8 === 3);
  it.each(chosen.map((disk) => [disk.command, disk.kilobytes, disk.places.join(), disk] as const))(
    '%s on %i kB for %s',
    async (_, __, ___, disk) => {
      expect(await tryFullDisk(disk, base, FROM_SOURCES)).toBeUndefined();
    },
  );
});
