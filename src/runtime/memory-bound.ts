/** How much memory a run may take. */
import { freemem } from 'node:os';
import { type SayOption, UserError } from '../errors/index.ts';

/** Node, the engine and their libraries, with tokens. */
export const PROCESS_BYTES = 300 * 2 ** 20;

/** What the engine takes for the values of a pass, as a multiple of their bytes; measured. */
export const ENGINE_SLACK = 1.2;

/** A bound on the peak memory of the process, bytes. */
export interface MemoryBound {
  readonly bytes: number;
  /** Where it comes from, for messages. */
  readonly whence: string;
  /** Whether somebody asked for it. */
  readonly asked: boolean;
}

/** Share of what is free that a run may take unless it is told otherwise. */
const SHARE = 0.8;

/** The bound that is asked for, or a share of what is free. A container's limit counts as what the machine has. */
export function memoryBound(asked?: number): MemoryBound {
  if (asked !== undefined) return { bytes: asked, whence: 'as asked', asked: true };
  // 0 or absent means that nothing limits it.
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  const free = Math.min(freemem() + process.memoryUsage.rss(), limit);
  return { bytes: Math.floor(SHARE * free), whence: `${100 * SHARE} % of what is free`, asked: false };
}

/** `1.25 GB`: decimal, as the option is. */
export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** The error of work that does not fit: `least` bytes are what it would take. */
export function refuseMemory(
  work: string,
  bound: MemoryBound,
  least: number,
  fix: (option: SayOption) => string,
): UserError {
  return new UserError('memory-bound', (option) => ({
    what: `${work} does not fit into the memory that it may take`,
    got: `${formatBytes(bound.bytes)}, ${bound.whence}`,
    expected: `at least ${formatBytes(least)}`,
    fix: fix(option),
  }));
}
