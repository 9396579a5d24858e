/** Decision rules: a claim says where a quantity lies; the data say whether it does. */

/**
 * What was measured: independent replicates, or an estimate with its standard error, as a bootstrap gives it.
 */
export type Sample =
  | { readonly values: readonly number[] }
  | { readonly estimate: number; readonly standardError: number; readonly replicates: number };

/** The claim holds if the quantity lies in the region; null for no bound on that side. */
export interface Rule {
  readonly low: number | null;
  readonly high: number | null;
  /** The rule in words, as the report shows it. */
  readonly words: string;
}
