/** Runs one case: writes its files, reads them, and judges what came of it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** Longest time of a case, milliseconds; the watcher kills what takes much longer. */
const LONGEST_TIME = 2000;

/** The case of a seed. */
export const caseOf = (target: Target, seed: number): FuzzCase<unknown> => target.make(createRng(seed));

/** Names that the case before left in a folder. */
const written = new Map<string, readonly string[]>();

/** Writes the files of a case into a folder, which holds no file of the case before any more. */
export function writeCase(folder: string, { files }: Pick<FuzzCase<unknown>, 'files'>): void {
  if (!written.has(folder)) mkdirSync(folder, { recursive: true });
  for (const name of written.get(folder) ?? [])
    if (!Object.hasOwn(files, name)) rmSync(join(folder, name), { force: true });
  for (const [name, bytes] of Object.entries(files)) {
    if (name.includes('/')) mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  written.set(folder, Object.keys(files));
}

/**
 * Reads a case's files and judges. Memory is what heap and buffers have grown by: exact unless the collector ran in
 * between, so a rise of the process's largest resident set counts as well. A slow machine is no slow reader: what took
 * long runs again, and its processor time counts.
 */
export async function runCase(target: Target, given: FuzzCase<unknown>, folder: string): Promise<Outcome> {
  writeCase(folder, given);
  const size = Object.values(given.files).reduce((sum, { length }) => sum + length, 0);
  const began = performance.now();
  const { result, used, ...read } = await readCase(target, given, folder);
  let { failure } = read;
  let milliseconds = performance.now() - began;
  const risen = risenPeak();
  if (milliseconds > LONGEST_TIME) {
    milliseconds = await processorTime(() => readCase(target, given, folder));
    if (milliseconds > LONGEST_TIME) failure ??= `it took ${milliseconds.toFixed(0)} ms of processor time`;
  }
  const excess = Math.max(0, Math.max(used, target.use === undefined ? risen : 0) - 10 * size);
  if (excess > (target.freeBytes ?? FREE_BYTES))
    failure ??= `it allocated ${megabytes(excess)} MB beyond ten times its ${size} bytes`;
  return { result, ...(failure !== undefined && { failure }), milliseconds, excess };
}

async function readCase(target: Target, given: FuzzCase<unknown>, folder: string) {
  const usedBefore = usedMemory();
  let used = 0;
  try {
    const read = await target.read(folder);
    used = usedMemory() - usedBefore;
    const failure =
      given.verdict === 'refuse'
        ? `a corrupt file was accepted: ${given.changes.at(-1)}`
        : given.check?.(read);
    await target.use?.(read);
    return { result: 'accepted', used, failure };
  } catch (error) {
    used ||= usedMemory() - usedBefore;
    if (error instanceof UserError) return { result: error.code, used, failure: faultOf(error, given) };
    const trace = error instanceof Error ? error.stack : String(error);
    return { result: 'other error', used, failure: `no UserError: ${trace}` };
  }
}

async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

function usedMemory(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

let peak = 0;

/** Bytes by which the largest resident set has grown since it was asked for last. */
function risenPeak(): number {
  const before = peak;
  peak = process.resourceUsage().maxRSS * 1024;
  return before === 0 ? 0 : peak - before;
}

function faultOf({ message, code }: UserError, { verdict }: FuzzCase<unknown>): string | undefined {
  if (verdict === 'accept') return `a valid file was refused (${code})\n${message}`;
  if (Buffer.byteLength(message) > LONGEST_MESSAGE)
    return `its error has ${Buffer.byteLength(message)} bytes`;
  if (!message.includes('\n  to do:')) return `its error does not say what to do\n${message}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(message))
    return `its error holds control characters\n${message}`;
  return undefined;
}
