/** What a command must do with a broken file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface CommandRun {
  readonly code: number | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest error, bytes. */
const LONGEST = 2000;

/** What is wrong with how a command ended; undefined when it ended as it must. */
export function judgeRun({ code, stdout, stderr }: CommandRun, folder: string): string | undefined {
  if (code !== 2) return `exit code ${code}:\n${stderr.slice(0, 1000)}`;
  const at = stderr.search(/^error: /m);
  if (at < 0 || (stderr.match(/^error: /gm) ?? []).length > 1)
    return `not one error:\n${stderr.slice(0, 1000)}`;
  if (Buffer.byteLength(stderr.slice(at)) > LONGEST)
    return `an error of ${Buffer.byteLength(stderr.slice(at))} bytes`;
  if (/^ +at .*[:(]\d/m.test(stderr)) return `a trace:\n${stderr.slice(0, 1000)}`;
  if (stdout !== '') return `on standard output: ${stdout.slice(0, 200)}`;
  if (existsSync(join(folder, 'out'))) return 'an output folder is left';
  return undefined;
}
