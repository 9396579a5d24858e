import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createRng } from '../../../src/numeric/index.ts';
import { prepareCommands } from './commands.ts';
import { killCommand } from './kill-command.ts';
import { FROM_SOURCES, memoryFolder } from './process.ts';

const base = mkdtempSync(join(memoryFolder(), 'rankscope-kills-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const commands = await prepareCommands(base);

// `node --import tsx test/fuzz/kills/kill-all.ts` does it two hundred times; see docs/reliability.md.
it.each([
  ['train', 3],
  ['pretrain', 2],
  ['probe', 1],
  ['export', 1],
  ['reproduce', 2],
])(
  '%s, killed, leaves what can be read, and ends with the same numbers',
  async (name, kills) => {
    const command = commands.find((one) => one.name === name)!;
    const rng = createRng(3).fork(name);
    const outcome = await killCommand({ command, base, program: FROM_SOURCES, kills, rng });
    expect(outcome.faults).toEqual([]);
    expect(outcome.killed).toBe(kills);
  },
  300_000,
);
