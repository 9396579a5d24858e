/** The command line as a process that can be killed at a moment. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const BUILT = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** Words that start the program: from its sources, or as it was built, which starts sooner. */
export const FROM_SOURCES = [process.execPath, '--import', import.meta.resolve('tsx'), MAIN];
export const AS_BUILT = [process.execPath, BUILT];

/** Where files are written without waiting for a disk, which runs by the hundred would do most of their time. */
export const memoryFolder = (): string => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

export interface Ended {
  readonly code: number | null;
  readonly killed: boolean;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed, without a word; null lets it end. */
  readonly killAfter?: number | null;
}

export function runProgram(
  program: readonly string[],
  args: readonly string[],
  options: RunOptions,
): Promise<Ended> {
  const { cwd, env = {}, killAfter = null } = options;
  const [command, ...words] = [...program, ...args];
  const began = performance.now();
  const child = spawn(command!, words, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const timer = killAfter === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      // A process of its own that outlives it may hold the pipe for a while.
      child.stderr.destroy();
      resolve({ code, killed: signal === 'SIGKILL', stderr, milliseconds: performance.now() - began });
    });
  });
}
