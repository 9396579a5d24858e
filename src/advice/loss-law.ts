/** The law that ranks plans of cores before they are trained. */

/**
 * The constants that the full run gave on the bundled model, twelve arms, mean of five seeds (`predictor`, “The laws”, in
 * results/reproduction/bundled); written down before any arm was trained on SmolLM2-135M, whose arms they rank with a
 * Spearman correlation of 0.956 (`predictor/transferred-law`). Nats for one e-fold of each.
 */
export const LOSS_LAW = { parameters: 0.0136, natural: 0.0442 } as const;

/** Held-out ν can fall below 0 by noise; its logarithm then stands at this value's. */
const LEAST = 0.01;

export const lnOf = (value: number): number => Math.log(Math.max(value, LEAST));

/** Nats by which training lowers the loss, up to a constant that all cores on a model share. */
export const promise = (parameters: number, natural: number): number =>
  LOSS_LAW.parameters * Math.log(parameters) + LOSS_LAW.natural * lnOf(natural);
