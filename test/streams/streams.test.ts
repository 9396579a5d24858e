/**
 * Runs in odd surroundings: every one ends with the exit code that it should, without a trace, leaves no file that
 * cannot be read, and says in run.json how it ended. `npm run test:streams` takes all, `npm test` a few.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyModel, writeText } from '../e2e/tiny-model.ts';
import { ODD_RUNS } from './runs.ts';

const root = mkdtempSync(join(tmpdir(), 'rankscope-streams-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const R = `${process.execPath} ${fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))}`;
const [M, T, FINISHED] = [join(root, 'model'), join(root, 'text.txt'), join(root, 'finished')];
const ON = `${M} --data ${T} --seq-len 16`;
const PROBE0 = `${R} probe ${ON} --batches 2 --ranks 2 --bases svd`;
const TRAIN0 = `${R} train ${ON} --steps 2 --batch-size 1`;
const PROBE = `${PROBE0} --out out`;
const TRAIN = `${R} train ${ON} --rank 2 --batch-size 1 --out out`;

function runBash(script: string, cwd: string): Promise<{ code: number | null; text: string }> {
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(root, 'cache'),
    R,
    M,
    T,
    FINISHED,
    PROBE,
    PROBE0,
    TRAIN,
    TRAIN0,
  };
  const child = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })));
}

beforeAll(async () => {
  makeTinyModel(M);
  writeText(T);
  const { code, text } = await runBash(`$TRAIN0 --rank 2 --out $FINISHED`, root);
  expect(code, text).toBe(0);
});

const chosen = process.env.ALL_STREAMS === undefined ? ODD_RUNS.filter(({ always }) => always) : ODD_RUNS;

it.each(chosen)('$name', async ({ script, code, state, says, name }) => {
  const folder = join(root, String(ODD_RUNS.findIndex((run) => run.name === name)));
  mkdirSync(folder);
  const run = await runBash(script, folder);
  expect(run.text).not.toMatch(/^\s+at .*:\d+:\d+|defect of RankScope|node:internal|Warning:/m);
  expect(run, run.text).toMatchObject({ code });
  if (says !== undefined) expect(run.text).toMatch(says);
  const record = join(folder, 'out', 'run.json');
  if (state === null) expect(existsSync(record)).toBe(false);
  else if (state !== undefined) expect(JSON.parse(readFileSync(record, 'utf8')).status).toBe(state);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    expect(file).not.toMatch(/\.partial$/);
    if (/\.json$/.test(file)) JSON.parse(readFileSync(join(folder, file), 'utf8'));
    if (/\.jsonl$/.test(file))
      for (const line of readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')) JSON.parse(line);
  }
});
