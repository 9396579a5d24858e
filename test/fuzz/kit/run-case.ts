/** Runs one case: writes its files, reads them, and judges what came of it. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { UserError } from '../../../src/errors/index.ts';
import { createRng } from '../../../src/numeric/index.ts';
import type { FuzzCase, Target } from './target.ts';

export interface Outcome {
  /** `accepted`, or the code of the `UserError`. */
  readonly result: string;
  /** What must not happen, in a sentence; undefined when all is well. */
  readonly failure?: string;
  readonly milliseconds: number;
  /** Bytes that the reader allocated beyond ten times its files. */
  readonly excess: number;
}

/** Longest message of an error, bytes. */
const LONGEST_MESSAGE = 2000;

/**
 * What a reader may allocate beyond ten times its files: buffers of a fixed size, compiled patterns over all of Unicode,
 * the objects of a small parse.
 */
const FREE_BYTES = 16 * 2 ** 20;

/** Longest time of a case, milliseconds of this process's processor time; the watcher kills what takes longer still. */
export const LONGEST_TIME = 2000;

/** The case of a seed. */
export const caseOf = (target: Target, seed: number): FuzzCase<unknown> => target.make(createRng(seed));

/** Writes the files of a case into a folder, which holds nothing else afterwards. */
export function writeCase(folder: string, { files }: Pick<FuzzCase<unknown>, 'files'>): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder))
    if (!Object.hasOwn(files, name)) rmSync(join(folder, name), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    if (name.includes('/')) mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

/**
 * Reads a case's files and judges. Memory is what heap and buffers have grown by: exact unless the collector ran in
 * between, so a rise of the process's largest resident set counts as well.
 */
export async function runCase(target: Target, given: FuzzCase<unknown>, folder: string): Promise<Outcome> {
  writeCase(folder, given);
  const size = Object.values(given.files).reduce((sum, { length }) => sum + length, 0);
  const peakBefore = peakMemory();
  const usedBefore = usedMemory();
  const cpuBefore = process.cpuUsage();
  let result = 'accepted';
  let failure: string | undefined;
  let used = 0;
  try {
    const read = await target.read(folder);
    used = usedMemory() - usedBefore;
    if (given.verdict === 'refuse') failure = `a corrupt file was accepted: ${given.changes.at(-1)}`;
    else failure = given.check?.(read);
    await target.use?.(read);
  } catch (error) {
    used ||= usedMemory() - usedBefore;
    if (error instanceof UserError) {
      result = error.code;
      failure ??= faultOf(error);
      if (given.verdict === 'accept')
        failure ??= `a valid file was refused (${error.code})\n${error.message}`;
    } else {
      result = 'other error';
      failure = `no UserError: ${error instanceof Error ? error.stack : String(error)}`;
    }
  }
  const cpu = process.cpuUsage(cpuBefore);
  const milliseconds = (cpu.user + cpu.system) / 1000;
  const risen = target.use === undefined ? peakMemory() - peakBefore : 0;
  const excess = Math.max(0, Math.max(used, risen) - 10 * size);
  if (milliseconds > LONGEST_TIME) failure ??= `it took ${milliseconds.toFixed(0)} ms`;
  if (excess > (target.freeBytes ?? FREE_BYTES))
    failure ??= `it allocated ${megabytes(excess)} MB beyond ten times its ${size} bytes`;
  return { result, ...(failure !== undefined && { failure }), milliseconds, excess };
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

function usedMemory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

const peakMemory = () => process.resourceUsage().maxRSS * 1024;

function faultOf({ message }: UserError): string | undefined {
  if (Buffer.byteLength(message) > LONGEST_MESSAGE)
    return `its error has ${Buffer.byteLength(message)} bytes`;
  if (!message.includes('\n  to do:')) return `its error does not say what to do\n${message}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(message))
    return `its error holds control characters\n${message}`;
  return undefined;
}
