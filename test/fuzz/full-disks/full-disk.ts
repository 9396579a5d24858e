/** Commands on disks that are too small: for their output, their cache, their temporary files. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../kills/process.ts';
import { partsIn, unreadableIn } from '../kills/readable.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Where a small disk is put. */
export type Place = 'out' | 'cache' | 'tmp';

export interface FullDisk {
  readonly command: string;
  readonly args: readonly string[];
  readonly places: readonly Place[];
  readonly kilobytes: number;
  /** A full cache costs time only; nothing else can do without its place. */
  readonly ends: 'well' | 'refused';
}

/** Longest error, bytes. */
const LONGEST = 2000;

/** Whether this process may mount a disk of a chosen size, found by trying. */
export function canMount(base: string): boolean {
  const folder = mkdtempSync(join(base, 'mount-'));
  const mounted = mount(folder, 16);
  if (mounted) unmount(folder);
  rmdirSync(folder);
  return mounted;
}

/** What is wrong with how the command ended; undefined when it ended as it must. */
export async function tryFullDisk(
  disk: FullDisk,
  base: string,
  program: readonly string[],
): Promise<string | undefined> {
  const cwd = mkdtempSync(join(base, 'disk-'));
  symlinkSync(MODULES, join(cwd, 'node_modules'));
  // One disk for all the places: a folder each on it.
  const small = join(cwd, 'small');
  mkdirSync(small);
  if (!mount(small, disk.kilobytes)) return 'no disk could be mounted';
  try {
    const at = (place: Place) => join(disk.places.includes(place) ? small : cwd, place);
    // The system's folder of temporary files is there; the others are made by the program.
    mkdirSync(at('tmp'), { recursive: true });
    const args = disk.args.map((word) => word.replace('{out}', at('out')).replace('{cache}', at('cache')));
    const env = { TMPDIR: at('tmp'), XDG_CACHE_HOME: at('cache') };
    const { code, stderr } = await runProgram(program, args, { cwd, env });
    const fault = disk.ends === 'well' ? judgeEnd(code, stderr) : judgeRefusal(code, stderr, small);
    return fault ?? [...unreadableIn(cwd), ...partsIn(cwd)].map((path) => `left: ${path}`)[0];
  } finally {
    unmount(small);
    rmSync(cwd, { recursive: true, force: true });
  }
}

function judgeEnd(code: number | null, stderr: string): string | undefined {
  return code === 0 ? undefined : `exit code ${code}:\n${stderr.slice(-1000)}`;
}

function judgeRefusal(code: number | null, stderr: string, small: string): string | undefined {
  if (code !== 2) return `exit code ${code}:\n${stderr.slice(-1000)}`;
  const error = stderr.slice(Math.max(0, stderr.search(/^error: /m)));
  if ((stderr.match(/^error: /gm) ?? []).length !== 1) return `not one error:\n${stderr.slice(-1000)}`;
  if (Buffer.byteLength(error) > LONGEST) return `an error of ${Buffer.byteLength(error)} bytes`;
  if (/^ +at .*[:(]\d/m.test(stderr)) return `a trace:\n${error}`;
  if (!/no space left/.test(error)) return `no word of the disk:\n${error}`;
  return error.includes(small) ? undefined : `no word of the place:\n${error}`;
}

function mount(folder: string, kilobytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder]).status === 0;
}

function unmount(folder: string): void {
  spawnSync('umount', ['--lazy', folder]);
}
