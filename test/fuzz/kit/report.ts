/** What a child that runs cases is told, and what it tells. */

/** Seeds of a target, from `seed` on. */
export interface Batch {
  readonly target: string;
  readonly seed: number;
  readonly count: number;
}

/** What the parent is told, in pieces. */
export interface Report {
  readonly target: string;
  /** Number of the batch in the plan, and the first seed of it that is not yet told of. */
  readonly batch: number;
  readonly next: number;
  readonly inputs: number;
  readonly results: Record<string, number>;
  readonly failures: readonly { readonly seed: number; readonly failure: string }[];
  readonly worst: { readonly milliseconds: number; readonly seed: number };
  readonly excess: { readonly bytes: number; readonly seed: number };
  readonly processorSeconds: number;
}

/** Sent behind the last report. */
export const DONE = 'done';
