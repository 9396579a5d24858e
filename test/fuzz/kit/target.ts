/** What is fuzzed: a reader, and how files for it are made. */
import type { Rng } from '../../../src/numeric/index.ts';

/** Files for a reader, and what must become of them. */
export interface FuzzCase<Read> {
  /** By name; they are written into a folder of their own. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /**
   * `accept` for a file that is valid by its format's specification, `refuse` for one that is certainly not, `either`
   * where the specification leaves it open or the mutation may have hit nothing that counts.
   */
  readonly verdict: 'accept' | 'refuse' | 'either';
  /** What was done to a valid file, in words; empty when nothing was. */
  readonly changes: readonly string[];
  /** What is wrong with what was read of an accepted case; undefined when nothing is. */
  readonly check?: (read: Read) => string | undefined;
}

/** A reader under test. */
export interface Target<Read = unknown> {
  readonly name: string;
  /** Makes what all cases share; called once, before the first. */
  prepare?(): Promise<void>;
  /** Makes a case; everything in it is determined by the stream. */
  make(rng: Rng): FuzzCase<Read>;
  /** Reads the case's files. May throw `UserError`, and nothing else. */
  read(folder: string): Read | Promise<Read>;
  /** What is done with what was accepted, such as showing it: bound by time and kind of errors, not by memory. */
  use?(read: Read): unknown;
  /** What it may allocate beyond ten times its files, where that is more than for others. */
  readonly freeBytes?: number;
  /** Share of a run of all targets: header readers take a hundred times and more what slow readers take. */
  readonly weight: number;
}

/** Keeps the type of what is read between `make` and `read`, and forgets it for the tables of targets. */
export function defineTarget<Read>(target: Target<Read>): Target {
  return target as Target;
}
