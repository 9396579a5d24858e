/**
 * Kills probe, train, pretrain, export and reproduce at random moments.
 *
 *     npm run build && node --import tsx test/fuzz/kills/kill-all.ts --kills 200 --seed 1 [--command train]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRng } from '../../../src/numeric/index.ts';
import { prepareCommands } from './commands.ts';
import { killCommand } from './kill-command.ts';
import { AS_BUILT, memoryFolder } from './process.ts';

/** Share of the kills. */
const SHARES: Readonly<Record<string, number>> = {
  train: 0.35,
  pretrain: 0.25,
  probe: 0.15,
  export: 0.15,
  reproduce: 0.1,
};

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    command: { type: 'string' },
  },
});
const base = mkdtempSync(join(memoryFolder(), 'rankscope-kills-'));
const rng = createRng(Number(values.seed));
let faults = 0;
try {
  for (const command of await prepareCommands(base)) {
    if (values.command !== undefined && values.command !== command.name) continue;
    const kills = Math.ceil(
      Number(values.kills) * (values.command === undefined ? SHARES[command.name]! : 1),
    );
    const began = performance.now();
    const outcome = await killCommand({
      command,
      base,
      program: AS_BUILT,
      kills,
      rng: rng.fork(command.name),
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(
      `${command.name}: ${outcome.killed} killed, ${outcome.resumed} went on, ${outcome.faults.length} faults, ${seconds} s`,
    );
    for (const fault of outcome.faults.slice(0, 10)) console.log(`    ${fault.slice(0, 600)}`);
    faults += outcome.faults.length;
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}
process.exitCode = faults === 0 ? 0 : 1;
