/** Every broken file through the commands, in this process; some through a process of their own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import { exitCodeFor } from '../../../src/cli/report-error.ts';
import { makeWorkingFolder, runCli } from '../../e2e/run-cli.ts';
import { brokenCases } from './cases.ts';
import { type CommandRun, judgeRun } from './judge-run.ts';
import { makeSoundFiles } from './sound-files.ts';

const base = mkdtempSync(join(tmpdir(), 'rankscope-broken-'));
const cwd = makeWorkingFolder();
afterAll(() => [base, cwd].map((folder) => rmSync(folder, { recursive: true, force: true })));
const cases = brokenCases(await makeSoundFiles(base));

let written = { stdout: '', stderr: '' };
beforeEach(() => {
  written = { stdout: '', stderr: '' };
  vi.stubEnv('XDG_CACHE_HOME', join(base, 'cache'));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

/** As `main.ts` does it; starting a process would take longer than the work. */
async function runHere(args: readonly string[]): Promise<CommandRun> {
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text;
      return true;
    });
  }
  try {
    const program = await createProgram(args);
    await program.parseAsync(['node', 'rankscope', ...args]);
    return { code: Number(process.exitCode ?? 0), ...written };
  } catch (error) {
    return { code: exitCodeFor(error, process.stderr), ...written };
  } finally {
    vi.restoreAllMocks();
  }
}

it('there are 150 broken files', () => {
  expect(cases.length).toBeGreaterThanOrEqual(150);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

it.each(cases.map((one) => [one.name, one] as const))('%s', async (name, one) => {
  const folder = join(base, name.replace(/\W+/g, '-'));
  mkdirSync(folder);
  expect(judgeRun(await runHere(one.make(folder)), folder)).toBeUndefined();
});

// `node --import tsx test/fuzz/broken-files/run-all.ts` runs all of them as processes.
describe('as a process', () => {
  it.each(cases.filter((_, index) => index % 25 === 0).map((one) => [one.name, one] as const))(
    '%s',
    async (_, one) => {
      const folder = mkdtempSync(join(base, 'process-'));
      expect(judgeRun(await runCli(one.make(folder), { cwd }), folder)).toBeUndefined();
    },
  );
});
