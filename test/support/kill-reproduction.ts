/** Kills a reproduction at random moments, goes on each time, and compares with a run that was left alone. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrialRecord } from '../../src/experiments/index.ts';
import type { Rng } from '../../src/numeric/index.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Small experiments that train, and do not observe. */
const EXPERIMENTS = ['paper84-64v32', 'paper82-deadzone'];

export interface KillReport {
  readonly kills: number;
  readonly trials: number;
  /** Finished trials that were not there any more after a kill, or ran twice. */
  readonly lost: number;
  /** Trials with other numbers than in the run that was left alone. */
  readonly differing: number;
}

/** @param base an existing folder for the runs. */
export async function killReproduction(
  base: string,
  kills: number,
  rng: Rng,
  onKill: (finished: number) => void = () => {},
): Promise<KillReport> {
  const [whole, killed] = [join(base, 'whole'), join(base, 'killed')];
  const began = performance.now();
  await runUntil(base, whole, null);
  const duration = performance.now() - began;
  const expected = new Map(readTrials(whole).map((trial) => [trial.id, JSON.stringify(trial.result)]));
  let lost = 0;
  let done = 0;
  while (done < kills) {
    const before = readTrials(killed);
    // When all trials are there, a kill would hit nothing: begin again.
    if (before.length === expected.size) {
      rmSync(killed, { recursive: true, force: true });
      continue;
    }
    await runUntil(base, killed, rng.uniform() * duration);
    done++;
    const after = new Set(readTrials(killed).map(({ id }) => id));
    lost += before.filter(({ id }) => !after.has(id)).length;
    onKill(after.size);
  }
  await runUntil(base, killed, null);
  const trials = readTrials(killed);
  const twice = trials.length - new Set(trials.map(({ id }) => id)).size;
  const differing = trials.filter(({ id, result }) => expected.get(id) !== JSON.stringify(result)).length;
  return { kills: done, trials: expected.size, lost: lost + twice, differing };
}

/** Runs to the end, or until so many milliseconds have passed since it began to work. */
function runUntil(base: string, out: string, milliseconds: number | null): Promise<void> {
  const args = ['reproduce', ...EXPERIMENTS, '--quick', '--out', out, '--cache-dir', join(base, 'cache')];
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), MAIN, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let timer: NodeJS.Timeout | undefined;
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text;
    // The first line comes before the first trial.
    if (milliseconds !== null) timer ??= setTimeout(() => child.kill('SIGKILL'), milliseconds);
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      if (milliseconds === null && code !== 0) reject(new Error(`the run ended with code ${code}:\n${said}`));
      else resolve();
    });
  });
}

/** Whole lines only, as the next run will take them. */
function readTrials(directory: string): TrialRecord[] {
  const path = join(directory, 'trials.jsonl');
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrialRecord);
}
