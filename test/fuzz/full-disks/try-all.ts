/**
 * Tries every command on disks that are too small; needs the right to mount, as root has it.
 *
 *     npm run build && node --import tsx test/fuzz/full-disks/try-all.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AS_BUILT, memoryFolder } from '../kills/process.ts';
import { prepareDisks } from './disks.ts';
import { canMount, tryFullDisk } from './full-disk.ts';

const base = mkdtempSync(join(memoryFolder(), 'rankscope-disks-'));
try {
  if (!canMount(base)) {
    console.log('Small disks cannot be mounted here (that takes root on Linux): nothing was tried.');
  } else {
    const disks = await prepareDisks(base);
    let faults = 0;
    for (const disk of disks) {
      const fault = await tryFullDisk(disk, base, AS_BUILT);
      const { command, places, kilobytes, ends } = disk;
      console.log(
        `${command}, ${kilobytes} kB for ${places.join(' and ')}: ${fault ?? `${ends}, as it must`}`,
      );
      if (fault !== undefined) faults++;
    }
    console.log(`${disks.length} full disks, ${faults} faults`);
    process.exitCode = faults === 0 ? 0 : 1;
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}
