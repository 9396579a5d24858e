/**
 * Kills a reproduction at random moments and checks that no finished trial is lost and no number changes.
 *
 *     node --import tsx scripts/kill-reproduction.ts [kills] [seed]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '../src/numeric/index.ts';
import { killReproduction } from '../test/support/kill-reproduction.ts';

const [kills = 20, seed = 0] = process.argv.slice(2).map(Number);
const base = mkdtempSync(join(tmpdir(), 'rankscope-kill-'));
try {
  const report = await killReproduction(base, kills, createRng(seed), (finished) =>
    console.log(`killed with ${finished} trials finished`),
  );
  console.log(
    `${report.kills} kills, ${report.trials} trials: ${report.lost} finished trials lost or run twice, ` +
      `${report.differing} with other numbers`,
  );
  process.exitCode = report.lost + report.differing === 0 ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
