/** Losses as perplexities. */
import type { SeedValues } from './seed-values.ts';

/** e to the loss in nats per token, one value per seed; undefined where a run diverged, as it then has no number. */
export function perplexities(losses: SeedValues): SeedValues {
  const values = losses?.map(Math.exp);
  return values?.every(Number.isFinite) ? values : undefined;
}
