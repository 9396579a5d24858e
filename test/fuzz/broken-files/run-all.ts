/**
 * Gives every broken file to the built command line, one process each.
 *
 *     npm run build && node --import tsx test/fuzz/broken-files/run-all.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenCases } from './cases.ts';
import { judgeRun } from './judge-run.ts';
import { makeSoundFiles } from './sound-files.ts';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'rankscope-broken-'));
try {
  const cases = brokenCases(await makeSoundFiles(base));
  let failures = 0;
  let longest = 0;
  for (const [index, one] of cases.entries()) {
    const folder = join(base, String(index));
    mkdirSync(folder);
    const run = spawnSync(process.execPath, [MAIN, ...one.make(folder)], {
      cwd: base,
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(base, 'cache'), NO_COLOR: '1' },
    });
    const fault = judgeRun({ code: run.status, stdout: run.stdout, stderr: run.stderr }, folder);
    longest = Math.max(longest, Buffer.byteLength(run.stderr));
    if (fault === undefined) continue;
    failures++;
    console.log(`${one.name}: ${fault}`);
  }
  console.log(`${cases.length} broken files, ${failures} failures; the longest message has ${longest} bytes`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
