/** Runs the command line from its sources, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** A new folder to run in. The engine's thread, when run from sources, looks for tsx from there. */
export function makeWorkingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rankscope-e2e-'));
  symlinkSync(MODULES, join(folder, 'node_modules'));
  return folder;
}

export interface CliRun {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Limits the size of files that it may write, in units of 512 bytes: as a disk that is nearly full. */
  readonly fileLimit?: number;
  /** Called with the process and all of stderr whenever more of it arrives. */
  readonly onStderr?: (child: ChildProcess, stderr: string) => void;
}

export function runCli(
  args: readonly string[],
  { cwd, env = {}, fileLimit, onStderr }: CliOptions,
): Promise<CliRun> {
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), MAIN, ...args];
  const limited = ['sh', '-c', `ulimit -f ${fileLimit}; exec "$@"`, 'sh', ...node];
  const [command, ...rest] = fileLimit === undefined ? node : limited;
  const child = spawn(command!, rest, {
    cwd,
    // No test reaches the hub: one that needs it names a server of its own.
    env: { ...process.env, XDG_CACHE_HOME: `${cwd}/.cache`, NO_COLOR: '1', HF_HUB_OFFLINE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    onStderr?.(child, stderr);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** `defaults` (options that each take a value) without those that `more` gives, and then `more`: no option twice. */
export function overridden(defaults: readonly string[], more: readonly string[]): string[] {
  const kept = defaults.filter((_, index) => !more.includes(defaults[index - (index % 2)]!));
  return [...kept, ...more];
}
